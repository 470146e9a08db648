"""Is a spread chance? Known values, and what happens in thousands of simulated runs."""

import math
import random

import pytest

from long_lived.lab.statistics import FEWEST_EXPECTED, LEVEL, far_below, spread


@pytest.mark.parametrize(
    ("counts", "chi_square", "p_value"),
    [
        ((10, 10), 0.0, 1.0),
        ((60, 40), 4.0, 0.0455003),
        ((40, 60), 4.0, 0.0455003),
        ((30, 40, 50), 5.0, math.exp(-2.5)),
        ((100, 0, 0), 200.0, math.exp(-100)),
        ((3398, 3326, 3276), 2.2568, math.exp(-1.1284)),
        ((25, 25, 25, 25), 0.0, 1.0),
        ((20, 30, 25, 25), 2.0, 0.5724067),
    ],
    ids=[
        "two-equal",
        "two",
        "two-swapped",
        "three",
        "all-on-one",
        "measured",
        "four-equal",
        "four",
    ],
)
def test_spread_of_known_counts_has_known_values(
    counts: tuple[int, ...], chi_square: float, p_value: float
) -> None:
    """By hand: chi-square, and its p-value, which for two degrees of freedom is exp(-x/2)."""
    found = spread({str(index): count for index, count in enumerate(counts)})
    assert found.chi_square == pytest.approx(chi_square, rel=1e-4)
    assert found.p_value == pytest.approx(p_value, rel=1e-4)
    assert found.degrees_of_freedom == len(counts) - 1
    assert found.total == sum(counts)


@pytest.mark.parametrize(
    ("total", "replicas", "deviation"), [(10_000, 3, 47.14), (12, 3, 1.633), (100, 2, 5.0)]
)
def test_standard_deviation_is_that_of_one_share(
    total: int, replicas: int, deviation: float
) -> None:
    """One replica's count under random balancing: sqrt(n (1/k) (1 - 1/k))."""
    counts = dict.fromkeys(map(str, range(replicas)), 0) | {"0": total}
    found = spread(counts)
    assert found.standard_deviation == pytest.approx(deviation, rel=1e-3)
    assert found.expected == total / replicas
    assert found.deviations("0") == pytest.approx((total - total / replicas) / deviation, rel=1e-3)
    assert found.deviations("1") < 0


def test_sizes_of_the_effect_are_told() -> None:
    """Everything on one of k is k times the mean; uniform is once the mean."""
    assert spread({"a": 90, "b": 0, "c": 0}).max_over_mean == 3
    assert spread({"a": 30, "b": 30, "c": 30}).max_over_mean == 1
    assert spread({"a": 30, "b": 30, "c": 30}).coefficient_of_variation == 0
    assert spread({"a": 10, "b": 30}).coefficient_of_variation == pytest.approx(0.5)


def random_counts(rng: random.Random, connections: int, replicas: int) -> dict[str, int]:
    """Balance connections at random."""
    counts = dict.fromkeys(map(str, range(replicas)), 0)
    for replica in rng.choices(list(counts), k=connections):
        counts[replica] += 1
    return counts


@pytest.mark.parametrize(("connections", "replicas"), [(300, 3), (60, 5), (1000, 2), (15, 3)])
def test_random_balancing_is_rarely_called_uneven(connections: int, replicas: int) -> None:
    """False alarms in 2,000 runs are as rare as LEVEL promises, within five standard deviations."""
    rng, runs = random.Random(20_261_123), 2_000
    alarms = sum(
        not spread(random_counts(rng, connections, replicas)).within_chance for _ in range(runs)
    )
    bound = runs * LEVEL + 5 * math.sqrt(runs * LEVEL * (1 - LEVEL))
    assert alarms <= bound


def test_p_values_of_random_balancing_are_uniform() -> None:
    """Each tenth of the p-values gets about a tenth of the runs: the test is calibrated."""
    rng, runs = random.Random(4), 2_000
    tenths = [0] * 10
    for _ in range(runs):
        tenths[min(9, int(spread(random_counts(rng, 900, 3)).p_value * 10))] += 1
    assert all(abs(count - 200) < 5 * math.sqrt(runs * 0.1 * 0.9) for count in tenths)


def test_pinned_replica_is_never_called_chance() -> None:
    """A replica that gets a tenth of its share is noticed in every one of 500 runs."""
    rng = random.Random(7)
    for _ in range(500):
        counts = random_counts(rng, 600, 3)
        counts["0"] //= 10
        assert not spread(counts).within_chance


@pytest.mark.parametrize(
    ("connections", "replicas", "compared"),
    [(300, 3, 1), (300, 3, 2), (60, 5, 4), (1000, 2, 1)],
    ids=["one-of-three", "two-of-three", "four-of-five", "one-of-two"],
)
def test_random_share_is_rarely_called_far_below(
    connections: int, replicas: int, compared: int
) -> None:
    """However many replicas are asked about, a run has no more false alarms than LEVEL allows."""
    rng, runs = random.Random(20_261_124), 2_000
    alarms = 0
    for _ in range(runs):
        counts = list(random_counts(rng, connections, replicas).values())
        alarms += any(
            far_below(count, connections, replicas, compared) for count in counts[:compared]
        )
    assert alarms <= runs * LEVEL + 5 * math.sqrt(runs * LEVEL * (1 - LEVEL))


@pytest.mark.parametrize("compared", [1, 2])
def test_tenth_of_a_share_is_always_called_far_below(compared: int) -> None:
    """A replica with a tenth of its share is noticed in every one of 2,000 runs."""
    rng = random.Random(8)
    for _ in range(2_000):
        fair = random_counts(rng, 300, 3)["0"]
        assert far_below(fair // 10, 300 - fair + fair // 10, 3, compared)


@pytest.mark.parametrize(
    ("count", "total", "replicas", "compared", "expected"),
    [
        (0, 17, 3, 1, False),
        (0, 18, 3, 1, True),
        (0, 18, 3, 2, False),
        (0, 19, 3, 2, True),
        (0, 18, 3, 0, True),
        (100, 100, 3, 1, False),
        (0, 0, 3, 1, False),
        (500, 500, 1, 1, False),
    ],
    ids=[
        "nothing-of-too-few",
        "nothing-of-enough",
        "shared-level",
        "shared-level-enough",
        "of-nobody-else",
        "all",
        "of-nothing",
        "the-only-one",
    ],
)
def test_far_below_is_where_chance_gives_less_than_level(
    count: int, total: int, replicas: int, compared: int, expected: bool
) -> None:
    """By hand: nothing of n connections over three replicas has the probability (2/3)^n."""
    assert far_below(count, total, replicas, compared) is expected


def test_one_replica_has_nothing_to_be_uneven_with() -> None:
    """All on the only replica is no finding."""
    found = spread({"a": 17})
    assert (found.p_value, found.standard_deviation, found.deviations("a")) == (1.0, 0.0, 0.0)
    assert found.within_chance


def test_replicas_without_connections_count() -> None:
    """A replica that got nothing is what makes a spread uneven."""
    assert not spread({"a": 50, "b": 50, "c": 0}).within_chance
    assert spread({"a": 50, "b": 50}).within_chance


def test_no_connections_are_within_chance_and_not_enough() -> None:
    """Where nothing happened nothing is uneven, and nothing can be told."""
    found = spread({"a": 0, "b": 0})
    assert (found.chi_square, found.p_value, found.max_over_mean) == (0.0, 1.0, 1.0)
    assert not found.enough


def test_enough_is_five_for_each_replica() -> None:
    """Below five expected connections for each replica there are too few to tell."""
    assert spread({"a": 3 * FEWEST_EXPECTED, "b": 0, "c": 0}).enough
    assert not spread({"a": 3 * FEWEST_EXPECTED - 1, "b": 0, "c": 0}).enough


@pytest.mark.parametrize("counts", [{}, {"a": -1}, {"a": 5, "b": -1}])
def test_counts_that_are_none_are_refused(counts: dict[str, int]) -> None:
    """No replica, or fewer connections than none, is an error."""
    with pytest.raises(ValueError, match="at least one replica, none negative"):
        spread(counts)
