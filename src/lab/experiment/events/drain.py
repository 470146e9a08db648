"""The event `drain`: a restart of one replica after the other, each with the time to finish."""

from long_lived.lab.experiment.backend import Backend
from long_lived.lab.experiment.events.one_step import OneStep


class Drain(OneStep):
    """SIGTERM to the newest replicas, one at a time."""

    _left: list[str]

    def announcement(self) -> str:
        """Say how many."""
        return f"{self.plan.count} drained one by one after {self.after_seconds:g} s"

    def act(self, backend: Backend, serving: list[str]) -> None:  # noqa: ARG002 - `step` acts
        """Plan who goes; those that come later are left alone."""
        self._left = serving[-self.plan.count :]

    def step(self, backend: Backend) -> None:
        """Stop the next one as soon as the replacement of the one before is ready."""
        if self._left and backend.settled():
            backend.restart([self._left.pop(0)], "graceful")

    def shortfall(self) -> str | None:
        """Say which replicas were not drained."""
        if lacking := super().shortfall():
            return lacking
        if self._left:
            left = ", ".join(self._left)
            return f"the {self.name} was cut short when the clients ended: not drained: {left}"
        return None
