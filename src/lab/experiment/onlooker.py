"""Who holds the connections of a service while a run loads it, by looks at its sockets.

A thread looks again and again; what counts are the last two looks after which the clients still
ran. Every look is the service's own, and bounded there.
"""

import threading
import time

from long_lived.lab.analysis.live.inspection import Inspection, inspect
from long_lived.lab.analysis.live.looks import LiveService, Seen, compared
from long_lived.lab.experiment.backend import Trouble
from long_lived.settings import Settings

JOIN_SECONDS = 30.0
"""How long a look that is under way may go on after the run."""


def judged(
    service: LiveService, before: list[Seen], after: list[Seen], seconds: float
) -> Inspection:
    """Judge two looks at a service."""
    held = compared(before, after)
    owners = service.owners({peer for one in held for peer in one.peers})
    first, second = ({one.holder.name for one in look} for look in (before, after))
    notes = list(service.notes)
    for words, names in (("came", second - first), ("gone", first - second)):
        if names:
            notes.append(f"{words} since the look before: {', '.join(sorted(names))}")
    return inspect(held, round(seconds, 1), owners, Settings().experiment.even_within, notes)


class Onlooker:
    """Looks at a service during a run."""

    def __init__(self, service: LiveService, name: str, seconds: float) -> None:
        """Look at `service`, which reports call `name`, every so many seconds."""
        self.name = name
        self._service, self._seconds = service, seconds
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._newest: Inspection | None = None
        self._trouble = ""
        self.found: Inspection | None = None
        """What the last two looks showed that ended while the clients still ran."""

    def begin(self) -> None:
        """Begin to look, once; a second call changes nothing."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._look, name="onlooker", daemon=True)
            self._thread.start()

    def confirm(self) -> None:
        """Take note that the clients still run."""
        self.found = self._newest

    def end(self) -> str | None:
        """Stop looking; say why nothing was seen, or None."""
        self._over.set()
        if self._thread is not None:
            self._thread.join(JOIN_SECONDS)
        if self.found is not None:
            return None
        return f"nobody saw who holds the connections: {self._trouble or 'the run was too short'}"

    def _look(self) -> None:
        before: list[Seen] = []
        at: float | None = None
        while not self._over.is_set():
            began = time.monotonic()
            try:
                after, now = self._service.look(), time.monotonic()
                if at is not None:
                    self._newest = judged(self._service, before, after, now - at)
                before, at = after, now
            except Trouble as trouble:
                self._trouble = str(trouble)
            self._over.wait(max(0.0, began + self._seconds - time.monotonic()))


def seconds_between(settings: Settings) -> float:
    """Return the time between looks for a run: several in its load, and ten seconds at most."""
    return min(10.0, max(1.0, (settings.client.duration_seconds or 20.0) / 5))
