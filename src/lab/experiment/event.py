"""What happens to the replicas in the middle of a run: the interface of every kind of event.

A new kind is a module in `events` and a line in `events/registry.py`. What it does, it does
through `Backend`, so that it happens alike on this machine and on a cluster.
"""

from typing import Protocol

from long_lived.lab.experiment.backend import Backend


class Event(Protocol):
    """One event of one run. The schedule calls its methods, and none blocks for long."""

    @property
    def name(self) -> str:
        """What it is and when, for messages: "restart after 15 s"."""

    @property
    def after_seconds(self) -> float:
        """When it is due, by the clients' clock."""

    def announcement(self) -> str:
        """Say what it will do: "2 restarted after 15 s"."""

    def begin(self, backend: Backend) -> None:
        """Plan the steps, now that it is due; called once."""

    def step(self, backend: Backend) -> None:
        """Take the next step if `backend` is ready for it; called often once it has begun."""

    def shortfall(self) -> str | None:
        """Say in a sentence what it has not done; None once it is done."""
