"""The event `crash`: the newest replicas end, and come back under their names as containers do."""

from long_lived.lab.experiment.backend import Backend
from long_lived.lab.experiment.events.one_step import OneStep


class Crash(OneStep):
    """SIGKILL to some replicas, which nobody replaces."""

    def announcement(self) -> str:
        """Say how many."""
        return f"{self.plan.count} crash after {self.after_seconds:g} s"

    def act(self, backend: Backend, serving: list[str]) -> None:
        """Kill them."""
        backend.crash(serving[-self.plan.count :])
