"""How many connections it takes to tell: known numbers, and simulated runs."""

import random

import pytest

from long_lived.lab.analysis.power import HALF, LEVEL, POWER, needed, noticeable, power
from long_lived.lab.analysis.spread import spread


@pytest.mark.parametrize(("replicas", "connections"), [(2, 84), (3, 191), (5, 443), (10, 1227)])
def test_needed_for_a_replica_with_half_its_share(replicas: int, connections: int) -> None:
    """These are the numbers in the documents."""
    assert needed(replicas) == connections


@pytest.mark.parametrize("replicas", [2, 3, 5, 10, 30, 100])
@pytest.mark.parametrize("shortfall", [0.1, HALF, 1.0])
def test_needed_is_the_least_that_has_the_power(replicas: int, shortfall: float) -> None:
    """With one connection less, the defect is noticed less often than promised."""
    least = needed(replicas, shortfall)
    assert power(least, replicas, shortfall) >= POWER
    assert power(least - 1, replicas, shortfall) < POWER


@pytest.mark.parametrize("replicas", [2, 3, 10])
def test_noticeable_is_the_inverse_of_needed(replicas: int) -> None:
    """A defect noticeable with n connections needs n connections."""
    least = noticeable(needed(replicas, 0.2), replicas)
    assert least == pytest.approx(0.2, rel=0.01)
    assert least <= 0.2


@pytest.mark.parametrize(
    ("connections", "replicas"), [(0, 3), (5, 3), (1000, 1)], ids=["none", "few", "one-replica"]
)
def test_nothing_is_noticeable_where_nothing_can_be_told(connections: int, replicas: int) -> None:
    """With too few connections even a replica that gets nothing may go unnoticed."""
    assert noticeable(connections, replicas) is None


def test_less_than_nothing_is_not_noticeable() -> None:
    """No shortfall exceeds the whole share: one connection less, and nothing is noticeable."""
    least = needed(3, 1.0)
    assert noticeable(least, 3) == pytest.approx(1.0, abs=0.02)
    assert noticeable(least - 1, 3) is None


def test_one_replica_needs_nothing_and_has_no_power() -> None:
    """There is nothing to compare it with."""
    assert (needed(1), power(1000, 1)) == (0, 0.0)


def test_power_of_an_even_spread_is_the_level() -> None:
    """Where nothing is wrong the test raises an alarm as often as its level allows."""
    assert power(500, 3, 0.0) == pytest.approx(LEVEL)


@pytest.mark.parametrize(("replicas", "shortfall"), [(2, 0.5), (3, 0.5), (5, 0.5), (3, 0.3)])
def test_defect_is_noticed_as_often_as_the_power_says(replicas: int, shortfall: float) -> None:
    """With just enough connections, at least nine in ten of 1,000 simulated runs show it.

    Somewhat more, since for large defects the noncentral chi-square distribution is conservative.
    """
    rng, runs = random.Random(20_261_125), 1_000
    names = [str(index) for index in range(replicas)]
    weights = [1 - shortfall] + [1 + shortfall / (replicas - 1)] * (replicas - 1)
    noticed = 0
    for _ in range(runs):
        counts = dict.fromkeys(names, 0)
        for name in rng.choices(names, weights, k=needed(replicas, shortfall)):
            counts[name] += 1
        noticed += not spread(counts).within_chance
    assert 0.87 * runs < noticed < 0.97 * runs
