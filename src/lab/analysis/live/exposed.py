"""What looks at a live service show, as metrics with the names that server and client have."""

from collections import Counter
from collections.abc import Iterable

from prometheus_client.metrics_core import Metric

from long_lived.lab.analysis.live.inspection import Inspection
from long_lived.metrics import definition
from long_lived.metrics.evenness import evenness
from long_lived.metrics.families import Families

UNSEEN = ""
"""Why a connection closed: the sockets do not tell."""


class Exposed:
    """The newest look, and what was opened and closed since the first.

    A connection that came and went between two looks is in neither.
    """

    def __init__(self) -> None:
        """Start without a look."""
        self._newest: Inspection | None = None
        self._opened: Counter[str] = Counter()
        self._closed: Counter[str] = Counter()

    def take(self, found: Inspection) -> None:
        """Take in what a look showed."""
        for row in found.rows:
            self._opened[row.holder.name] += row.opened
            self._closed[row.holder.name] += row.closed
        self._newest = found

    def collect(self) -> Iterable[Metric]:
        """Return the metrics of those that hold connections now; may be called from any thread."""
        families, found = Families("inspect"), self._newest
        rows = [] if found is None else [row for row in found.rows if not row.obstacle]
        for row in rows:
            name = row.holder.name
            families.add(definition.STARTED, row.holder.started_unix_seconds, name)
            families.add(definition.OPEN, len(row.peers), name)
            families.add(definition.OPENED, self._opened[name], name)
            families.add(definition.CLOSED, self._closed[name], name, UNSEEN)
        held = evenness({row.holder.name: len(row.peers) for row in rows})
        if held is not None:
            families.add(definition.EVENNESS, held)
        return families.all()
