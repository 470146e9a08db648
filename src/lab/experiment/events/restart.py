"""The events `restart` and `kill`: the newest replicas are stopped together, and replaced."""

from long_lived.lab.experiment.backend import Backend, Signal
from long_lived.lab.experiment.events.one_step import OneStep


class Restart(OneStep):
    """SIGTERM or SIGKILL to some replicas."""

    def announcement(self) -> str:
        """Say how many."""
        how = "killed" if self.plan.kind == "kill" else "restarted"
        return f"{self.plan.count} {how} after {self.after_seconds:g} s"

    def act(self, backend: Backend, serving: list[str]) -> None:
        """Stop them."""
        how: Signal = "kill" if self.plan.kind == "kill" else "graceful"
        backend.restart(serving[-self.plan.count :], how)
