"""Is a spread of connections over replicas chance, or not, and how large is it?

The independent unit is the connection, never the request: all requests on a kept
connection go to one replica, and a test on request counts would call chance a defect.
(Where a proxy balances requests, the request is the unit.)
Under random balancing (kube-proxy's, or SO_REUSEPORT's) each of n connections takes one
of k replicas with probability 1/k, independently: the counts are multinomial, each with
expected value n/k and standard deviation sqrt(n (1/k) (1 - 1/k)).

Two tests. Where there are enough connections to notice what matters (`power`), chi-square, which
sees every kind of unevenness. Where there are fewer its distribution is a poor approximation, and
the counts of the emptiest and the fullest replica are tested instead, exactly: what they show is
not chance either, but their silence means nothing.
"""

import math
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass

from long_lived.lab.analysis.distributions import (
    beta_quantile,
    binomial_at_most,
    chi_square_above,
)
from long_lived.lab.analysis.power import LEVEL, needed, noticeable

CONFIDENCE = 0.95
"""Of the interval that goes with the largest deviation, for all replicas at once."""


@dataclass(frozen=True)
class Deviation:
    """How far one replica is off its fair share, as a ratio of it: -1 has nothing, 0 is fair."""

    replica: str
    ratio: float
    low: float
    high: float


@dataclass(frozen=True)
class Spread:
    """How connections are spread over replicas, and how likely chance spreads them so."""

    counts: dict[str, int]
    total: int
    expected: float
    """Of one replica, under random balancing."""
    standard_deviation: float
    """Of one replica's count, under random balancing."""
    needed: int
    """How many it takes to notice a replica with half its share."""
    chi_square: float
    degrees_of_freedom: int
    p_value: float
    """Probability of a spread at least this uneven under random balancing, or a bound above it
    where there are not enough; 1 for one replica."""
    largest: Deviation | None
    """Of the replica that is furthest off; None where nothing was counted."""
    max_over_mean: float
    """Size of the effect: 1 is uniform, k is everything on one of k; 1 where there is nothing."""
    coefficient_of_variation: float
    """Size of the effect: standard deviation of the counts over their mean; 0 is uniform."""

    @property
    def enough(self) -> bool:
        """Whether there are enough to tell: whether being within chance means anything."""
        return len(self.counts) > 1 and self.total >= self.needed

    @property
    def within_chance(self) -> bool:
        """Whether random balancing explains the spread."""
        return self.p_value >= LEVEL

    @property
    def noticeable(self) -> float | None:
        """The smallest shortfall of one replica that would have been noticed; None: not even 1."""
        return noticeable(self.total, len(self.counts))

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
    least = needed(replicas)
    if replicas == 1:
        p_value = 1.0
    elif total >= least:
        p_value = chi_square_above(replicas - 1, chi_square)
    else:
        p_value = _bound(counts, total)
    return Spread(
        counts=dict(counts),
        total=total,
        expected=expected,
        standard_deviation=math.sqrt(total / replicas * (1 - 1 / replicas)),
        needed=least,
        chi_square=chi_square,
        degrees_of_freedom=replicas - 1,
        p_value=p_value,
        largest=_largest(counts, total) if total else None,
        max_over_mean=max(counts.values()) / expected if total else 1.0,
        coefficient_of_variation=math.sqrt(variance) / expected if total else 0.0,
    )


def chance_bounds(total: int, replicas: int) -> tuple[int, int]:
    """Return between which counts random balancing keeps every replica, but once in 1 / `LEVEL`.

    Both ends are still within; of one replica both are the total.
    """
    if replicas < 2 or not total:
        return total, total
    share, tail = 1 / replicas, LEVEL / (2 * replicas)
    counts = range(total + 1)
    low = bisect_left(counts, True, key=lambda n: binomial_at_most(n, total, share) > tail)
    # That many or more here are that few or fewer elsewhere.
    high = total - bisect_left(
        counts, True, key=lambda n: binomial_at_most(n, total, 1 - share) > tail
    )
    return low, high


def _bound(counts: Mapping[str, int], total: int) -> float:
    """Bound the probability that any replica has that few, or that many (Bonferroni)."""
    replicas, share = len(counts), 1 / len(counts)
    few = binomial_at_most(min(counts.values()), total, share)
    # That many here are that few elsewhere; 1 - P(less) would round away the digits of rare ones.
    many = binomial_at_most(total - max(counts.values()), total, 1 - share)
    # With two replicas one is as empty as the other is full: that is one event, not two.
    sides = 1 if replicas == 2 else 2
    return min(1.0, sides * replicas * min(few, many))


def _largest(counts: Mapping[str, int], total: int) -> Deviation:
    """Find the replica that is furthest off, with the interval of Clopper and Pearson."""
    fair = total / len(counts)
    replica = max(counts, key=lambda name: abs(counts[name] - fair))
    count, tail = counts[replica], (1 - CONFIDENCE) / 2 / len(counts)
    low = beta_quantile(count, total - count + 1, tail) if count else 0.0
    high = beta_quantile(count + 1, total - count, 1 - tail) if count < total else 1.0
    scale = len(counts)
    return Deviation(replica, count / fair - 1, low * scale - 1, high * scale - 1)
