"""From when on every replica had its share again, for good."""

import math
from collections.abc import Sequence

from long_lived.lab.analysis.distributions import binomial_at_most
from long_lived.lab.analysis.history import History
from long_lived.lab.analysis.judged import Unit
from long_lived.lab.analysis.power import LEVEL, needed

SHARE_OF_FAIR = 0.9
"""Part of its fair share that every replica must have for the load to count as even again."""

LOOK_SECONDS = 1.0
"""Shortest look at what is opened or answered; what is held is looked at in every bucket."""


def seconds_to_even(
    history: History, crew: Sequence[str], unit: Unit, stop: int, settled: int
) -> tuple[float | None, bool]:
    """Tell from when on every replica has `SHARE_OF_FAIR` of its share, for good; or: too few.

    A replica falls short in a look if chance would give a replica with that share so few less
    often than `LEVEL`. With more looks and more replicas chance looks odd more often, so the level
    is shared among them. Looks overlap: each bucket ends one. The last one with
    enough to tell has to be at the end, where the load may fade out for less than a look.
    """
    least = needed(len(crew))
    step = 1 if unit is Unit.HELD else _look_buckets(history, crew, unit, stop, settled, least)
    looks = [
        (end, _looked_at(history, crew, unit, max(stop, end - step), end))
        for end in range(stop + 1, settled + 2)
    ]
    last = max((end for end, counts in looks if sum(counts) >= least), default=-1)
    if len(crew) < 2 or last < settled + 1 - step:
        return None, True
    share, level = SHARE_OF_FAIR / len(crew), LEVEL / (len(looks) * len(crew))
    short_until = stop
    for end, counts in looks:
        if end > last:
            break
        if binomial_at_most(min(counts), sum(counts), share) < level or not any(counts):
            short_until = end
    if short_until >= last:
        return None, False
    if short_until == stop and step > _finest(history):
        # Looks this long cannot show that everything was even at each of their moments.
        return None, True
    return (short_until - stop) * history.bucket_seconds, False


def _looked_at(
    history: History, crew: Sequence[str], unit: Unit, first: int, end: int
) -> list[int]:
    if unit is Unit.HELD:
        return [history.held(name, end - 1) for name in crew]
    return [history.count(unit.series, name, first, end) for name in crew]


def _look_buckets(
    history: History, crew: Sequence[str], unit: Unit, stop: int, settled: int, least: int
) -> int:
    """Tell how many buckets make a look that has enough connections to tell."""
    span = settled + 1 - stop
    counted = sum(history.count(unit.series, name, stop, settled + 1) for name in crew)
    # Half as much again: the looks differ, and the last of them has to have enough.
    wanted = math.ceil(1.5 * least * span / max(1, counted))
    return min(max(_finest(history), wanted), span)


def _finest(history: History) -> int:
    """Tell how many buckets the shortest look has."""
    return max(1, round(LOOK_SECONDS / history.bucket_seconds))
