"""The events `restart`, `kill` and `drain`: some replicas are stopped, and each is replaced."""

from collections.abc import Sequence
from typing import Self

from long_lived.lab.experiment.backend import Backend, RestartSignal
from long_lived.settings import Event, Settings


class RestartEvent:
    """A restart of replicas, in one wave or in several."""

    def __init__(self, plan: Event) -> None:
        """Follow `plan`."""
        self._plan = plan
        self._served = 0
        self._waves: list[list[str]] = []

    @classmethod
    def planned(cls, settings: Settings) -> Self | None:
        """Make the restart that the settings ask for."""
        plan = settings.experiment.event
        return cls(plan) if plan.kind in ("restart", "kill", "drain") else None

    @property
    def name(self) -> str:
        """What it is and when."""
        return f"{self._plan.kind} after {self.after_seconds:g} s"

    @property
    def after_seconds(self) -> float:
        """When it is due, by the clients' clock."""
        return self._plan.after_seconds

    def announcement(self, replicas: int | None) -> str:  # noqa: ARG002 - for those that need it
        """Say how many of the replicas it will restart."""
        return f"{self._plan.count} restarted after {self.after_seconds:g} s"

    def begin(self, backend: Backend) -> None:
        """Plan the waves for the replicas that serve now; those that come later are left alone."""
        serving = backend.serving()
        self._served = len(serving)
        self._waves = waves(self._plan, serving)

    def step(self, backend: Backend) -> None:
        """Stop the next wave once the replacements of the one before are ready."""
        if self._waves and backend.settled():
            how: RestartSignal = "kill" if self._plan.kind == "kill" else "graceful"
            backend.restart(self._waves.pop(0), how)

    def shortfall(self) -> str | None:
        """Say which replicas were not restarted, or why none was."""
        if self._served < self._plan.count:
            return (
                f"the {self.name} was not complete: {self._served} replicas were serving, fewer "
                f"than experiment.event.count = {self._plan.count}"
            )
        if self._waves:
            left = ", ".join(replica for wave in self._waves for replica in wave)
            return f"the {self.name} was cut short when the clients ended: not restarted: {left}"
        return None


def waves(plan: Event, serving: Sequence[str]) -> list[list[str]]:
    """Split the replicas to be stopped (`serving` is oldest first) into those stopped together."""
    stopped = list(serving[-plan.count :])
    return [[replica] for replica in stopped] if plan.kind == "drain" else [stopped]
