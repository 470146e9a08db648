"""Histograms of durations: accurate to 1 %, and mergeable."""

import math

import hypothesis
import hypothesis.strategies as some
import pytest

from long_lived.record.histogram import Histogram

BRIEF = hypothesis.settings(deadline=None, max_examples=60)
DURATIONS = some.floats(1e-4, 86_400)
"""From the shortest meaningful duration to a day."""


def filled(durations: list[float]) -> Histogram:
    """Make a histogram."""
    made = Histogram()
    for seconds in durations:
        made.add(seconds)
    return made


@BRIEF
@hypothesis.given(some.lists(DURATIONS, min_size=1, max_size=200), some.floats(0, 1))
def test_percentile_is_within_one_percent(durations: list[float], share: float) -> None:
    """Every percentile is within 1 % of the exact one, by nearest rank."""
    exact = sorted(durations)[max(1, math.ceil(share * len(durations))) - 1]
    assert filled(durations).percentile(share) == pytest.approx(exact, rel=0.010001)


@BRIEF
@hypothesis.given(some.lists(some.lists(some.floats(0, 86_400), max_size=40), max_size=5))
def test_merged_parts_equal_one_timeline(parts: list[list[float]]) -> None:
    """Merging the histograms of parts gives that of the whole."""
    merged = Histogram.merged(filled(part).as_record() for part in parts)
    whole = filled([seconds for part in parts for seconds in part])
    assert merged.as_record() == whole.as_record()


@BRIEF
@hypothesis.given(some.lists(some.floats(0, 86_400), min_size=1, max_size=100))
def test_percentiles_are_ordered_and_within_the_extremes(durations: list[float]) -> None:
    """p50, p90, p99 and max never cross, and the extremes are exact."""
    made = filled(durations)
    shares = [made.percentile(share) for share in (0, 0.5, 0.9, 0.99, 1)]
    assert shares == sorted(shares)
    described = made.as_record()
    assert described.min == min(durations)
    assert described.max == max(durations)
    assert min(durations) <= shares[0]
    assert shares[-1] <= max(durations)
    assert sum(described.bins.values()) == described.count == len(durations)


def test_empty_histogram_has_no_percentiles() -> None:
    """Without counts there is nothing to report."""
    assert Histogram().percentile(0.5) is None
    described = Histogram().as_record()
    assert (described.count, described.p50, described.max) == (0, None, None)


@pytest.mark.parametrize("seconds", [0.0, 1e-9, 1e-4])
def test_lone_duration_below_the_floor_keeps_its_value(seconds: float) -> None:
    """A duration too short for a bin is still exact if it is the only one."""
    assert filled([seconds]).percentile(0.5) == seconds


def test_number_of_bins_is_bounded() -> None:
    """However many durations, about a thousand bins cover 0.1 ms to a day."""
    made = filled([1e-4 * 1.001**step for step in range(20_700)])
    assert made.count == 20_700
    assert len(made.as_record().bins) < 1100
