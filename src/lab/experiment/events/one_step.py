"""What most kinds of events are: one act, when it is due."""

from abc import abstractmethod

from long_lived.lab.experiment.backend import Backend
from long_lived.lab.experiment.event import Event
from long_lived.settings import Event as Plan


class OneStep(Event):
    """An event that is begun at once; a kind says what it does, and to how many."""

    def __init__(self, plan: Plan) -> None:
        """Follow `plan`."""
        self.plan = plan
        self._lacking: str | None = None

    @property
    def name(self) -> str:
        """What it is and when."""
        return f"{self.plan.kind} after {self.after_seconds:g} s"

    @property
    def after_seconds(self) -> float:
        """When it is due, by the clients' clock."""
        return self.plan.after_seconds

    def begin(self, backend: Backend) -> None:
        """Act; where too few replicas serve for all of it, on those that do."""
        serving = backend.serving()
        least = self.least()
        if len(serving) < least:
            self._lacking = (
                f"the {self.name} was not complete: {len(serving)} replicas were serving, fewer "
                f"than the {least} that experiment.event asks for"
            )
        self.act(backend, serving)

    def step(self, backend: Backend) -> None:
        """Do nothing: all was begun."""

    def shortfall(self) -> str | None:
        """Say for how many replicas it was meant, where there were fewer."""
        return self._lacking

    def least(self) -> int:
        """Tell how many replicas have to serve."""
        return self.plan.count

    @abstractmethod
    def act(self, backend: Backend, serving: list[str]) -> None:
        """Do it, to some of those that serve (oldest first)."""
