"""What a number of connections can show at all: the power of the test of `spread`.

"Within chance" is worth something only where a defect would have been noticed. The defect that is
asked about is one replica below its fair share by some ratio, the others having what it lacks in
equal parts. Under it the statistic has a noncentral chi-square distribution, whose noncentrality is
n s^2 / (k - 1) for n connections, k replicas and a shortfall s.
Source: Cohen, Statistical Power Analysis (1988), chapter 7, with w^2 = s^2 / (k - 1).
"""

import math
from functools import lru_cache

from long_lived.lab.analysis.distributions import (
    chi_square_critical,
    noncentral_at_most,
    noncentrality_of,
)

LEVEL = 0.001
"""A spread counts as chance unless it is rarer than this: one false alarm in a thousand runs."""

POWER = 0.9
"""How likely a defect must be noticed for a run to say anything about it."""

HALF = 0.5
"""Shortfall of a replica with half its fair share: the defect that "too few" is about."""


def power(connections: int, replicas: int, shortfall: float = HALF) -> float:
    """Tell how likely one replica with that shortfall is noticed; 0 for one replica."""
    if replicas < 2:
        return 0.0
    freedom = replicas - 1
    critical = chi_square_critical(freedom, LEVEL)
    return 1 - noncentral_at_most(critical, freedom, connections * shortfall**2 / freedom)


def needed(replicas: int, shortfall: float = HALF) -> int:
    """Tell how many connections it takes to notice that shortfall with probability `POWER`.

    0 for one replica, which has nothing to be compared with.
    """
    return math.ceil(_noncentrality(replicas) * (replicas - 1) / shortfall**2)


def noticeable(connections: int, replicas: int) -> float | None:
    """Tell the smallest shortfall that is noticed with probability `POWER`; None where none is."""
    if replicas < 2 or not connections:
        return None
    shortfall = math.sqrt(_noncentrality(replicas) * (replicas - 1) / connections)
    return shortfall if shortfall <= 1 else None


@lru_cache
def _noncentrality(replicas: int) -> float:
    """Tell from which noncentrality on the test notices with probability `POWER`."""
    if replicas < 2:
        return 0.0
    freedom = replicas - 1
    return noncentrality_of(chi_square_critical(freedom, LEVEL), freedom, 1 - POWER)
