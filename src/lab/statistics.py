"""Is a spread of connections over replicas chance, or not?

The independent unit is the connection, never the request: all requests on a kept
connection go to one replica, and a test on request counts would call chance a defect.
Under random balancing (kube-proxy's, or SO_REUSEPORT's) each of n connections takes one
of k replicas with probability 1/k, independently: the counts are multinomial, each with
expected value n/k and standard deviation sqrt(n (1/k) (1 - 1/k)).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from scipy.special import bdtr, chdtrc

LEVEL = 0.001
"""A spread counts as chance unless it is rarer than this: one false alarm in a thousand runs,
while of 10,000 connections over 3 replicas 6 % too many on one are still noticed more often than
not (noncentrality 18 against a critical value of 13.8)."""

FEWEST_EXPECTED = 5
"""Below this expected count per replica the chi-square distribution is no good approximation.
Source: Cochran, The chi-square test of goodness of fit, Ann. Math. Statist. 23 (1952)."""


@dataclass(frozen=True)
class Spread:
    """How connections are spread over replicas, and how likely chance spreads them so."""

    counts: dict[str, int]
    total: int
    expected: float
    """Of one replica, under random balancing."""
    standard_deviation: float
    """Of one replica's count, under random balancing."""
    chi_square: float
    degrees_of_freedom: int
    p_value: float
    """Probability of a spread at least this uneven under random balancing; 1 for one replica."""
    max_over_mean: float
    """Size of the effect: 1 is uniform, k is everything on one of k; 1 where there is nothing."""
    coefficient_of_variation: float
    """Size of the effect: standard deviation of the counts over their mean; 0 is uniform."""

    @property
    def enough(self) -> bool:
        """Whether there are enough connections to tell."""
        return self.expected >= FEWEST_EXPECTED

    @property
    def within_chance(self) -> bool:
        """Whether random balancing explains the spread; only meaningful where `enough`."""
        return self.p_value >= LEVEL

    def deviations(self, replica: str) -> float:
        """Tell by how many standard deviations a replica's count is off; 0 for one replica."""
        if not self.standard_deviation:
            return 0.0
        return (self.counts[replica] - self.expected) / self.standard_deviation


def spread(counts: Mapping[str, int]) -> Spread:
    """Judge the connections per replica; replicas without any must be in `counts`, with 0.

    Raises:
        ValueError: no replica, or a negative count.
    """
    if not counts or min(counts.values()) < 0:
        raise ValueError(
            f"counts of at least one replica, none negative, are needed: {dict(counts)}"
        )
    replicas, total = len(counts), sum(counts.values())
    expected = total / replicas
    chi_square = (
        sum((count - expected) ** 2 / expected for count in counts.values()) if total else 0.0
    )
    variance = sum((count - expected) ** 2 for count in counts.values()) / replicas
    return Spread(
        counts=dict(counts),
        total=total,
        expected=expected,
        standard_deviation=math.sqrt(total / replicas * (1 - 1 / replicas)),
        chi_square=chi_square,
        degrees_of_freedom=replicas - 1,
        p_value=float(chdtrc(replicas - 1, chi_square)) if replicas > 1 else 1.0,
        max_over_mean=max(counts.values()) / expected if total else 1.0,
        coefficient_of_variation=math.sqrt(variance) / expected if total else 0.0,
    )


def far_below(count: int, total: int, replicas: int, compared: int = 1) -> bool:
    """Tell whether one replica's `count` of `total` connections is far below its share.

    That is: random balancing gives so few or fewer less often than LEVEL, shared among
    the `compared` replicas that are asked about (Bonferroni).
    """
    return float(bdtr(count, total, 1 / replicas)) < LEVEL / max(1, compared)
