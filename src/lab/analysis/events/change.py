"""One replica that goes in the middle of a run, one that comes, or one in place of another."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass
class Change:
    """When a replica was stopped, and when another served in its place; or only one of the two.

    Times are by the wall clock of the lab. None means: not yet, or never. Where `old` and `new`
    are the same, the replica was started again under its name, as a container is.
    """

    began_unix_seconds: float
    """When the replica was stopped; where none was, when a new one was asked for."""
    old: str | None = None
    """The replica that was stopped; None where nobody saw it answer, or none was."""
    ended_unix_seconds: float | None = None
    new: str | None = None
    ready_unix_seconds: float | None = None
    reason: str = ""
    """Why it was stopped, where it was not the lab: "OOMKilled", for example."""
    inferred: bool = False
    """Whether nobody saw the stop itself: it is known from the answers, and only nearly."""
    for_good: bool = False
    """Whether nothing comes in its place."""

    @property
    def in_place(self) -> bool:
        """Whether the replica kept its name."""
        return self.old is not None and self.old == self.new

    @property
    def over_unix_seconds(self) -> float | None:
        """When it was done: when the new replica was ready, or the old one gone for good."""
        return self.ended_unix_seconds if self.for_good else self.ready_unix_seconds


def happened(changes: Iterable[Change]) -> list[tuple[float, str]]:
    """Say when each replica was stopped and was ready, in the order of time."""
    found = []
    for one in changes:
        about = f" ({one.reason})" if one.reason else ""
        about += ", by its answers" if one.inferred else ""
        if one.old is not None:
            for_good = " for good" if one.for_good else ""
            found.append((one.began_unix_seconds, f"{one.old} was stopped{for_good}{about}"))
        if one.new is not None and one.ready_unix_seconds is not None:
            again = " again" if one.in_place else ""
            found.append((one.ready_unix_seconds, f"{one.new} was ready{again}{about}"))
    return sorted(found)
