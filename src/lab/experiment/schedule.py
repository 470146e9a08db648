"""When which replicas are restarted: the plan of `experiment.restart`, carried out in steps."""

import time
from collections.abc import Callable, Sequence

from long_lived.lab.experiment.backend import Backend
from long_lived.settings import Restart


class Restarter:
    """Restarts replicas of a backend at the right moment of the clients' clock."""

    def __init__(
        self, plan: Restart, backend: Backend, now: Callable[[], float] = time.time
    ) -> None:
        """Follow `plan`; `tick` has to be called often."""
        self._plan = plan
        self._backend = backend
        self._now = now
        self._waves: list[list[str]] | None = None
        self._served: int | None = None

    def shortfall(self) -> str | None:
        """Say what was planned and not done, if anything was."""
        after = f"the restart after {self._plan.after_seconds:g} s"
        if self._due():
            return f"{after} was not made: the clients had ended by then"
        if self._served is not None and self._served <= self._plan.keep:
            return (
                f"{after} was not made: {self._served} replicas served, and "
                f"experiment.restart.keep = {self._plan.keep} leaves as many alone"
            )
        if self._waves:
            left = ", ".join(replica for wave in self._waves for replica in wave)
            return f"{after} was not finished before the clients ended: left is {left}"
        return None

    def tick(self) -> None:
        """Do what it is time for."""
        if self._due():
            started = self._backend.clock_started_unix_seconds()
            if started is None or self._now() < started + self._plan.after_seconds:
                return
            serving = self._backend.serving()
            self._served = len(serving)
            self._waves = waves(self._plan, serving)
        if self._waves and self._backend.replaced():
            self._backend.restart(self._waves.pop(0))

    def _due(self) -> bool:
        return bool(self._plan.after_seconds) and self._waves is None


def waves(plan: Restart, serving: Sequence[str]) -> list[list[str]]:
    """Tell which of the replicas (oldest first) are stopped together, one list after the other."""
    stopped = list(serving[plan.keep :])
    if not stopped:
        return []
    return [stopped] if plan.mode == "together" else [[replica] for replica in stopped]
