"""Is a spread chance? Known values, and thousands of simulated runs."""

import math
import random
from dataclasses import replace

import pytest

from long_lived.lab.analysis.distributions import binomial_at_most
from long_lived.lab.analysis.power import LEVEL, needed
from long_lived.lab.analysis.spread import chance_bounds, spread


@pytest.mark.parametrize(
    ("counts", "chi_square", "p_value"),
    [
        ((50, 50), 0.0, 1.0),
        ((60, 40), 4.0, 0.0455003),
        ((40, 60), 4.0, 0.0455003),
        ((90, 120, 150), 15.0, math.exp(-7.5)),
        ((300, 0, 0), 600.0, math.exp(-300)),
        ((3398, 3326, 3276), 2.2568, math.exp(-1.1284)),
        ((100, 100, 100, 100), 0.0, 1.0),
        ((80, 120, 100, 100), 8.0, 0.0460117),
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


def test_sizes_of_the_effect_are_known() -> None:
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


@pytest.mark.parametrize(
    ("connections", "replicas"),
    [(300, 3), (60, 5), (1000, 2), (15, 3), (50, 100), (10, 2), (500, 30)],
)
def test_random_balancing_is_rarely_called_uneven(connections: int, replicas: int) -> None:
    """False alarms in 2,000 runs stay within five deviations of what LEVEL promises."""
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
    """Each of 500 runs reveals a replica that gets a tenth of its share."""
    rng = random.Random(7)
    for _ in range(500):
        counts = random_counts(rng, 600, 3)
        counts["0"] //= 10
        assert not spread(counts).within_chance


@pytest.mark.parametrize(
    ("counts", "p_value", "within"),
    [
        ((10, 0), 2 / 2**10, True),
        ((0, 11), 2 / 2**11, False),
        ((30, 0), 2 / 2**30, False),
        ((18, 0, 0), 6 / 3**18, False),
        ((16, 1, 1), 6 * (1 + 18 * 2 + 153 * 4) / 3**18, False),
        ((60, 0, 0), 6 / 3**60, False),
        ((7, 7, 0), 6 * (2 / 3) ** 14, True),
        ((6, 6, 6, 0), 8 * (3 / 4) ** 18, True),
        ((14, 14, 14, 0), 8 * (3 / 4) ** 42, False),
        ((5, 5, 5), 1.0, True),
    ],
    ids=[
        "ten-none",
        "eleven-none",
        "thirty-none",
        "all-on-one",
        "nearly-all-on-one",
        "many-all-on-one",
        "one-of-three",
        "one-of-four",
        "one-of-more",
        "even",
    ],
)
def test_spread_of_few_connections_is_bounded_exactly(
    counts: tuple[int, ...], p_value: float, within: bool
) -> None:
    """By hand: any of k may be the emptiest or the fullest; with two that is one event, not two."""
    found = spread({str(index): count for index, count in enumerate(counts)})
    assert not found.enough
    assert found.within_chance is within
    assert found.p_value == pytest.approx(p_value)


def test_spread_exactly_as_rare_as_the_level_is_within_chance() -> None:
    """Only a spread rarer than the level is beyond chance."""
    found = spread({"a": 90, "b": 30})
    assert replace(found, p_value=LEVEL).within_chance
    assert not replace(found, p_value=LEVEL * 0.999).within_chance


@pytest.mark.parametrize("replicas", [2, 3, 5, 10])
def test_test_changes_where_there_are_enough(replicas: int) -> None:
    """One connection too few is bounded exactly; from there on chi-square decides."""
    names = [str(index) for index in range(replicas)]
    least = needed(replicas)
    base, more = divmod(least, replicas)
    counts = {name: base + (index < more) for index, name in enumerate(names)}
    assert spread(counts).enough
    assert spread({**counts, "0": counts["0"] + 1}).enough
    assert not spread({**counts, "0": counts["0"] - 1}).enough


@pytest.mark.parametrize(
    ("counts", "approximate"), [((80, 60, 51), True), ((79, 60, 51), False)], ids=["191", "190"]
)
def test_p_value_is_that_of_chi_square_where_there_are_enough(
    counts: tuple[int, ...], approximate: bool
) -> None:
    """For two degrees of freedom exp(-x/2); with one connection less, the bound."""
    found = spread({str(index): count for index, count in enumerate(counts)})
    assert (found.p_value == pytest.approx(math.exp(-found.chi_square / 2))) is approximate


@pytest.mark.parametrize(
    ("counts", "replica", "ratio"),
    [((50, 150, 100), "0", -0.5), ((90, 90, 120), "2", 0.2), ((5, 0), "0", 1.0)],
    ids=["emptiest", "fullest", "first-of-two-alike"],
)
def test_largest_deviation_has_its_interval(
    counts: tuple[int, ...], replica: str, ratio: float
) -> None:
    """The replica furthest off its share, by how much, and how sure that is."""
    found = spread({str(index): count for index, count in enumerate(counts)}).largest
    assert found is not None
    assert (found.replica, found.ratio) == (replica, pytest.approx(ratio))
    assert found.low <= found.ratio <= found.high
    assert found.low >= -1
    assert found.high <= len(counts) - 1


def test_interval_holds_the_true_share_as_often_as_promised() -> None:
    """In 2,000 runs the interval misses the fair share at most 5 % of the time."""
    rng, runs = random.Random(12), 2_000
    misses = 0
    for _ in range(runs):
        largest = spread(random_counts(rng, 300, 3)).largest
        assert largest is not None
        misses += not largest.low <= 0 <= largest.high
    assert misses <= runs * 0.05
    assert misses > runs * 0.01


def test_interval_of_nothing_and_of_all_ends_at_the_limit() -> None:
    """Nothing may be more than it looks but never less than nothing, and all is all.

    By hand, at the other end: the share at which all of n, or none, is as likely as the tail.
    """
    tail = 0.05 / 2 / 3
    largest = spread({"a": 300, "b": 0, "c": 0}).largest
    assert largest is not None
    assert (largest.replica, largest.high) == ("a", 2.0)
    assert largest.low == pytest.approx(3 * tail ** (1 / 300) - 1)
    empty = spread({"a": 200, "b": 200, "c": 0}).largest
    assert empty is not None
    assert (empty.replica, empty.low, empty.ratio) == ("c", -1.0, -1.0)
    assert empty.high == pytest.approx(3 * (1 - tail ** (1 / 400)) - 1)


@pytest.mark.parametrize(
    ("count", "total", "share", "likely"),
    [(0, 18, 1 / 3, (2 / 3) ** 18), (100, 100, 0.5, 1.0), (0, 0, 0.5, 1.0), (1, 2, 0.5, 0.75)],
)
def test_at_most_is_the_binomial_distribution(
    count: int, total: int, share: float, likely: float
) -> None:
    """By hand: none of n connections of probability p has the chance (1-p)^n."""
    assert binomial_at_most(count, total, share) == pytest.approx(likely)


def test_one_replica_has_nothing_to_be_uneven_with() -> None:
    """Everything on the only replica is not a finding."""
    found = spread({"a": 17})
    assert (found.p_value, found.standard_deviation, found.deviations("a")) == (1.0, 0.0, 0.0)
    assert found.within_chance
    assert not found.enough


def test_replicas_without_connections_count() -> None:
    """A replica that got nothing makes a spread uneven."""
    assert not spread({"a": 100, "b": 100, "c": 0}).within_chance
    assert spread({"a": 100, "b": 100}).within_chance


def test_no_connections_are_within_chance_and_not_enough() -> None:
    """Without connections nothing is uneven, and nothing can be told."""
    found = spread({"a": 0, "b": 0})
    assert (found.chi_square, found.p_value, found.max_over_mean) == (0.0, 1.0, 1.0)
    assert (found.coefficient_of_variation, found.largest) == (0.0, None)
    assert not found.enough


@pytest.mark.parametrize("counts", [{}, {"a": -1}, {"a": 5, "b": -1}])
def test_impossible_counts_are_refused(counts: dict[str, int]) -> None:
    """No replicas, or a negative count, is an error."""
    with pytest.raises(ValueError, match="at least one replica, none negative"):
        spread(counts)


@pytest.mark.parametrize(
    ("total", "replicas"), [(5, 3), (60, 3), (300, 2), (300, 3), (1_000, 10), (10_000, 3)]
)
def test_chance_keeps_each_replica_within_its_bounds(total: int, replicas: int) -> None:
    """They are scipy's quantiles of the binomial distribution, for the level over all replicas."""
    from scipy import stats  # a second, which each worker would spend when it collects tests

    one = stats.binom(total, 1 / replicas)
    tail = LEVEL / (2 * replicas)
    assert chance_bounds(total, replicas) == (one.ppf(tail), one.isf(tail))


@pytest.mark.parametrize(("total", "replicas"), [(0, 3), (70, 1)])
def test_chance_leaves_nothing_open_where_nothing_is_drawn(total: int, replicas: int) -> None:
    """No connections, or one replica for all of them."""
    assert chance_bounds(total, replicas) == (total, total)
