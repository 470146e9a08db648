"""One replica that takes the place of another in the middle of a run."""

from dataclasses import dataclass


@dataclass
class Replacement:
    """When a replica was stopped, and when another served in its place.

    Times are by the lab's clock. None means: not yet, or never. Where `old` and `new` are the same
    the replica restarted in place: it kept its name, and lost its connections.
    """

    stopped_unix_seconds: float
    old: str | None = None
    """The replica that was stopped; None where nobody saw it answer."""
    ended_unix_seconds: float | None = None
    new: str | None = None
    ready_unix_seconds: float | None = None
    reason: str = ""
    """Why it restarted in place, such as OOMKilled; empty where somebody stopped it."""
    inferred: bool = False
    """Whether nobody saw the restart, and the timeline alone tells of it."""
