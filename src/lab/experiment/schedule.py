"""When the events of a run happen: each begins at its moment of the clients' clock."""

from collections.abc import Callable, Iterable

from long_lived.lab.experiment.backend import Backend
from long_lived.lab.experiment.event import Event
from long_lived.resources.clock import unix_seconds


class Schedule:
    """The events of one run, on its backend."""

    def __init__(
        self, events: Iterable[Event], backend: Backend, now: Callable[[], float] = unix_seconds
    ) -> None:
        """Plan `events`; `now` tells the time."""
        self._backend = backend
        self._now = now
        self._waiting = list(events)
        self._begun: list[Event] = []

    def tick(self) -> None:
        """Begin what is due, and continue what has begun; must be called often."""
        for event in self._due():
            self._waiting.remove(event)
            self._begun.append(event)
            event.begin(self._backend)
        for event in self._begun:
            event.step(self._backend)

    def shortfalls(self) -> list[str]:
        """Say what was planned and not done."""
        missed = [
            f"the {event.name} did not happen: the clients had ended by then"
            for event in self._waiting
        ]
        return missed + [text for event in self._begun if (text := event.shortfall())]

    def _due(self) -> list[Event]:
        started = self._backend.clock_started_unix_seconds() if self._waiting else None
        if started is None:
            return []
        now = self._now()
        return [event for event in self._waiting if now >= started + event.after_seconds]
