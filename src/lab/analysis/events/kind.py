"""What the events of a run were, by what happened: nobody's plan is asked."""

from collections.abc import Sequence
from enum import StrEnum

from long_lived.lab.analysis.events.change import Change


class Kind(StrEnum):
    """What happened to the replicas."""

    RESTART = "restart"
    """Some were stopped, and others took their places."""
    ROLLOUT = "rollout"
    """All were replaced, and some new ones served when the last old one was stopped."""
    SCALE_UP = "scale-up"
    """Some came, and none went."""
    SCALE_DOWN = "scale-down"
    """Some went, and none came."""
    IN_PLACE = "in place"
    """Some were started again under their names."""


def kind_of(changes: Sequence[Change], first: Sequence[str]) -> Kind:
    """Name what happened to replicas of which `first` served before."""
    if all(one.in_place for one in changes):
        return Kind.IN_PLACE
    if all(one.old is None and not one.for_good for one in changes):
        return Kind.SCALE_UP
    if all(one.for_good for one in changes):
        return Kind.SCALE_DOWN
    stops = {one.old: one.began_unix_seconds for one in changes if one.old}
    ready = [one.ready_unix_seconds for one in changes if one.ready_unix_seconds is not None]
    in_turn = bool(stops) and bool(ready) and min(ready) <= max(stops.values())
    return Kind.ROLLOUT if in_turn and set(first) <= set(stops) else Kind.RESTART
