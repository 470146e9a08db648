"""The restart of `experiment.restart`: all replicas but the oldest are stopped and replaced."""

from collections.abc import Sequence
from typing import Self

from long_lived.lab.experiment.backend import Backend
from long_lived.settings import Restart, Settings


class RestartEvent:
    """A restart of replicas, in one wave or in several."""

    def __init__(self, plan: Restart) -> None:
        """Follow `plan`."""
        self._plan = plan
        self._served = 0
        self._waves: list[list[str]] = []

    @classmethod
    def planned(cls, settings: Settings) -> Self | None:
        """Make the restart that the settings ask for."""
        plan = settings.experiment.restart
        return cls(plan) if plan.after_seconds else None

    @property
    def name(self) -> str:
        """What it is and when."""
        return f"restart after {self.after_seconds:g} s"

    @property
    def after_seconds(self) -> float:
        """When it is due, by the clients' clock."""
        return self._plan.after_seconds

    def announcement(self, replicas: int | None) -> str:
        """Say how many of the replicas it will restart."""
        keep = self._plan.keep
        stopped = f"all but {keep}" if replicas is None else replicas - keep
        return f"{stopped} restarted after {self.after_seconds:g} s"

    def begin(self, backend: Backend) -> None:
        """Plan the waves for the replicas that serve now; those that come later are left alone."""
        serving = backend.serving()
        self._served = len(serving)
        self._waves = waves(self._plan, serving)

    def step(self, backend: Backend) -> None:
        """Stop the next wave once the replacements of the one before are ready."""
        if self._waves and backend.settled():
            backend.restart(self._waves.pop(0), self._plan.signal)

    def shortfall(self) -> str | None:
        """Say which replicas were not restarted, or why none was."""
        if self._served <= self._plan.keep:
            return (
                f"the {self.name} did not happen: {self._served} replicas were serving, and "
                f"experiment.restart.keep = {self._plan.keep} leaves that many alone"
            )
        if self._waves:
            left = ", ".join(replica for wave in self._waves for replica in wave)
            return f"the {self.name} was cut short when the clients ended: not restarted: {left}"
        return None


def waves(plan: Restart, serving: Sequence[str]) -> list[list[str]]:
    """Split the replicas to be stopped (`serving` is oldest first) into those stopped together."""
    stopped = list(serving[plan.keep :])
    if not stopped:
        return []
    return [stopped] if plan.mode == "together" else [[replica] for replica in stopped]
