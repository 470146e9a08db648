"""The event `rollout`: all replicas are replaced, a few at a time."""

from long_lived.lab.experiment.backend import Backend
from long_lived.lab.experiment.events.one_step import OneStep


class Rollout(OneStep):
    """What a Deployment does when its pods' template changes."""

    def announcement(self) -> str:
        """Say that it is all of them, and how."""
        return (
            f"all rolled out after {self.after_seconds:g} s "
            f"(surge {self.plan.surge}, unavailable {self.plan.unavailable})"
        )

    def least(self) -> int:
        """Ask for one, at least."""
        return 1

    def act(self, backend: Backend, serving: list[str]) -> None:  # noqa: ARG002 - all of them
        """Begin; the backend takes the steps."""
        backend.roll_out()
