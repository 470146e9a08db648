"""The phases of a run with a restart: before, during, after.

`during` lasts from the first stop until the last replacement is ready, and longer on either side
by what the clients' clocks may be off. A bucket belongs to one phase, and the one in which replicas
are stopped is the first of `during`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from long_lived.lab.analysis.events.replacement import Replacement
from long_lived.lab.analysis.history import History


class PhaseName(StrEnum):
    """Where a phase lies."""

    BEFORE = "before"
    DURING = "during"
    AFTER = "after"


@dataclass(frozen=True)
class Phase:
    """A stretch of buckets, from `first` to before `end`."""

    name: PhaseName
    first: int
    end: int


def phases(
    history: History, replacements: Sequence[Replacement], uncertainty_seconds: float = 0.0
) -> list[Phase]:
    """Divide all buckets into phases, in order; an empty phase is left out.

    Where no replica was stopped there are none. Where a replacement was never ready,
    `during` lasts to the end.
    """
    if not replacements:
        return []
    first = min(one.stopped_unix_seconds for one in replacements)
    stopped = history.bucket(first - uncertainty_seconds)
    ready = [one.ready_unix_seconds for one in replacements]
    known = [at for at in ready if at is not None]
    over = history.buckets
    if len(known) == len(ready):
        over = max(
            stopped, min(history.buckets, history.bucket(max(known) + uncertainty_seconds) + 1)
        )
    borders = [0, stopped, over, history.buckets]
    return [
        Phase(name, first, end)
        for name, first, end in zip(PhaseName, borders, borders[1:], strict=False)
        if first < end
    ]
