"""One replica that takes the place of another in the middle of a run, or its own."""

from dataclasses import dataclass


@dataclass
class Replacement:
    """When a replica was stopped, and when another served in its place.

    Times are by the wall clock of the lab. None means: not yet, or never. Where `old` and `new`
    are the same, the replica was started again under its name, as a container is.
    """

    stopped_unix_seconds: float
    old: str | None = None
    """The replica that was stopped; None where nobody saw it answer, or none was."""
    ended_unix_seconds: float | None = None
    new: str | None = None
    ready_unix_seconds: float | None = None
    reason: str = ""
    """Why it was stopped, where it was not the lab: "OOMKilled", for example."""
    inferred: bool = False
    """Whether nobody saw the stop itself: it is known from the answers, and only nearly."""

    @property
    def in_place(self) -> bool:
        """Whether the replica kept its name."""
        return self.old is not None and self.old == self.new
