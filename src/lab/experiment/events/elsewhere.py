"""The rollout of a workload that is not ours: the lab begins it, and answers show what it did."""

from collections.abc import Callable

from long_lived.lab.experiment.backend import Backend, Trouble
from long_lived.lab.experiment.event import Event


class RolloutElsewhere(Event):
    """What the user asked for, at its moment."""

    def __init__(self, workload: str, after_seconds: float, act: Callable[[], None]) -> None:
        """Call `act`, which rolls out `workload`, after so many seconds."""
        self._workload, self._after_seconds, self._act = workload, after_seconds, act
        self._failed: str | None = None

    @property
    def name(self) -> str:
        """What it is and when."""
        return f"rollout of {self._workload} after {self._after_seconds:g} s"

    @property
    def after_seconds(self) -> float:
        """When it is due, by the clients' clock."""
        return self._after_seconds

    def announcement(self) -> str:
        """Say what is rolled out."""
        return f"{self._workload} rolled out after {self._after_seconds:g} s"

    def begin(self, backend: Backend) -> None:  # noqa: ARG002 - it is not the backend's
        """Begin it."""
        try:
            self._act()
        except Trouble as trouble:
            self._failed = f"the {self.name} failed: {trouble}"

    def step(self, backend: Backend) -> None:
        """Do nothing: the cluster takes the steps."""

    def shortfall(self) -> str | None:
        """Say why it was not begun."""
        return self._failed
