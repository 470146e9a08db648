"""One replica that goes in the middle of a run, one that comes, or one in place of another."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

TOGETHER_SECONDS = 1.0
MOST_NAMES = 4
"""Named one by one of what happened together."""


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
    """Say when which replicas were stopped and ready, in the order of time.

    What happened to several within a second is said together, with the time of the first.
    """
    found = []
    for one in changes:
        about = f" ({one.reason})" if one.reason else ""
        about += ", by the answers" if one.inferred else ""
        if one.old is not None:
            for_good = " for good" if one.for_good else ""
            found.append((one.began_unix_seconds, f"stopped{for_good}{about}", one.old))
        if one.new is not None and one.ready_unix_seconds is not None:
            again = " again" if one.in_place else ""
            found.append((one.ready_unix_seconds, f"ready{again}{about}", one.new))
    groups: list[tuple[float, str, list[str]]] = []
    for at, what, name in sorted(found):
        near = [one for one in groups if one[1] == what and at - one[0] <= TOGETHER_SECONDS]
        if near:
            near[-1][2].append(name)
        else:
            groups.append((at, what, [name]))
    return [(at, f"{_names(names)} {what}") for at, what, names in groups]


def _names(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"{names[0]} was"
    shown, last = names[:-1], names[-1]
    if len(names) > MOST_NAMES:
        shown = names[: MOST_NAMES - 1]
        last = f"{len(names) - len(shown):,} more"
    return f"{', '.join(shown)} and {last} were"
