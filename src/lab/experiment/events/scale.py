"""The events `scale-up` and `scale-down`: replicas are added, or stopped for good."""

from long_lived.lab.experiment.backend import Backend
from long_lived.lab.experiment.events.one_step import OneStep


class ScaleUp(OneStep):
    """More replicas."""

    def announcement(self) -> str:
        """Say how many."""
        return f"{self.plan.count} added after {self.after_seconds:g} s"

    def least(self) -> int:
        """Ask for none: there may be any number."""
        return 0

    def act(self, backend: Backend, serving: list[str]) -> None:  # noqa: ARG002 - all are left
        """Add them."""
        backend.add(self.plan.count)


class ScaleDown(OneStep):
    """Fewer replicas."""

    def announcement(self) -> str:
        """Say how many."""
        return f"{self.plan.count} removed after {self.after_seconds:g} s"

    def act(self, backend: Backend, serving: list[str]) -> None:  # noqa: ARG002 - a cluster chooses
        """Remove them."""
        backend.remove(self.plan.count)
