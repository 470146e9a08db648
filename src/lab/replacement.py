"""One replica that takes the place of another in the middle of a run."""

from dataclasses import dataclass


@dataclass
class Replacement:
    """When a replica was stopped, and when another served in its place.

    Times are by the wall clock of the clients. None means: not yet, or never.
    """

    stopped_unix_seconds: float
    old: str | None = None
    """The replica that was stopped; None where nobody saw it answer."""
    ended_unix_seconds: float | None = None
    new: str | None = None
    ready_unix_seconds: float | None = None

    def shifted(self, seconds: float) -> "Replacement":
        """Return the same by a clock that is so many seconds behind."""

        def shift(at: float | None) -> float | None:
            return None if at is None else at - seconds

        return Replacement(
            self.stopped_unix_seconds - seconds,
            self.old,
            shift(self.ended_unix_seconds),
            self.new,
            shift(self.ready_unix_seconds),
        )
