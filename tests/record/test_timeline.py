"""Timelines: folding and merging lose nothing, and the number of buckets is bounded."""

import hypothesis
import hypothesis.strategies as some
import pytest

from long_lived.record.timeline import (
    FINEST_SECONDS,
    MOST_BUCKETS,
    SERIES,
    Timeline,
    TimelineCounts,
)

BRIEF = hypothesis.settings(deadline=None, max_examples=60)
START = 1_800_000_000.0

EVENTS = some.lists(
    some.tuples(
        some.sampled_from(SERIES),
        some.sampled_from(["all", "server-a", "server-b"]),
        some.one_of(some.floats(0, 30), some.floats(0, 90_000)).map(lambda at: START + at),
        some.integers(1, 5),
    ),
    max_size=50,
)


def filled(events: list[tuple[str, str, float, int]]) -> Timeline:
    """Make a timeline."""
    made = Timeline()
    for series, key, at, count in events:
        made.add(series, key, at, count)
    return made


def totals(described: TimelineCounts) -> dict[tuple[str, str], int]:
    """Sum each list of counts."""
    return {
        (name, key): sum(counts.values())
        for name in SERIES
        for key, counts in described.of(name).items()
    }


@BRIEF
@hypothesis.given(EVENTS)
def test_totals_are_kept_whatever_the_order_and_span(events) -> None:
    """Every event is in exactly one bucket."""
    expected: dict[tuple[str, str], int] = {}
    for series, key, _, count in events:
        expected[series, key] = expected.get((series, key), 0) + count
    assert totals(filled(events).as_record()) == expected


@BRIEF
@hypothesis.given(EVENTS)
def test_buckets_are_bounded_and_cover_the_events(events) -> None:
    """From the first event to the last there are no more buckets than allowed."""
    described = filled(events).as_record()
    assert described.buckets <= MOST_BUCKETS
    for name in SERIES:
        for counts in described.of(name).values():
            assert all(0 <= bucket < described.buckets for bucket in counts)
            assert list(counts) == sorted(counts)
            assert all(counts.values())
    if events:
        start, width = described.start_unix_seconds, described.bucket_seconds
        times = [at for _, _, at, _ in events]
        assert start <= min(times) < start + width
        assert start + (described.buckets - 1) * width <= max(times)
        assert max(times) < start + described.buckets * width


@BRIEF
@hypothesis.given(some.lists(EVENTS, max_size=4))
def test_merged_parts_equal_one_timeline(parts) -> None:
    """Merging the timelines of parts gives that of the whole."""
    merged = Timeline.merged([filled(part).as_record() for part in parts])
    whole = filled([event for part in parts for event in part])
    assert merged.as_record() == whole.as_record()


@pytest.mark.parametrize(
    ("lag", "at"), [(0.0, 1.0), (0.1, 1.0), (0.15, 1.25), (-0.2, 0.75), (7.0, 8.0)]
)
def test_part_whose_clock_is_behind_is_shifted(lag: float, at: float) -> None:
    """A bucket goes where its middle falls on the merger's clock."""
    part = filled([("sent", "all", START + 1.0, 3)]).as_record()
    described = Timeline.merged([part], [lag]).as_record()
    assert described.start_unix_seconds == START + at
    assert described.sent == {"all": {0: 3}}


def test_event_is_in_the_bucket_of_its_time() -> None:
    """Buckets start at whole multiples of their width."""
    described = filled(
        [("sent", "all", START + 0.3, 1), ("sent", "all", START + 1.0, 2)]
    ).as_record()
    assert described.start_unix_seconds == START + 0.25
    assert described.bucket_seconds == FINEST_SECONDS
    assert described.sent == {"all": {0: 1, 3: 2}}
    assert described.failed == {}


@pytest.mark.parametrize(
    ("span", "width"),
    [(59.7, 0.25), (60, 0.5), (119, 0.5), (120, 1), (3600, 16), (86_400, 512)],
)
def test_width_doubles_as_the_run_grows(span: float, width: float) -> None:
    """Buckets are as narrow as the bound on their number allows."""
    assert (
        filled([("sent", "all", START, 1), ("sent", "all", START + span, 1)]).bucket_seconds
        == width
    )


def test_empty_timeline_has_no_buckets() -> None:
    """Without events there is no start."""
    described = Timeline().as_record()
    assert (described.start_unix_seconds, described.buckets) == (None, 0)


@pytest.mark.parametrize(
    ("lag", "index"),
    [(0.0, 0), (0.12, 0), (0.13, 1), (-0.12, 0), (-0.13, -1), (20.0, 80), (-20.1, -80)],
)
def test_merged_part_of_another_clock_goes_to_the_bucket_of_its_middle(
    lag: float, index: int
) -> None:
    """A bucket that straddles two after the shift is neither divided nor lost."""
    part = filled([("sent", "all", START + 0.1, 3)]).as_record()
    merged = Timeline.merged([part], [lag]).as_record()
    assert merged.sent == {"all": {0: 3}}
    assert merged.start_unix_seconds == START + index * FINEST_SECONDS


def test_merged_parts_are_each_shifted_by_their_own_lag() -> None:
    """Two clients that did the same at one time agree on it, whatever their clocks said."""
    parts = [filled([("sent", "all", START + ahead, 1)]).as_record() for ahead in (0, 20)]
    merged = Timeline.merged(parts, [0.0, -20.0]).as_record()
    assert merged.sent == {"all": {0: 2}}


@BRIEF
@hypothesis.given(some.lists(EVENTS, max_size=3), some.floats(-1e4, 1e4))
def test_totals_are_kept_by_any_shift(parts, lag: float) -> None:
    """Correcting clocks changes no counts."""
    described = [filled(part).as_record() for part in parts]
    expected: dict[tuple[str, str], int] = {}
    for part in described:
        for key, count in totals(part).items():
            expected[key] = expected.get(key, 0) + count
    assert totals(Timeline.merged(described, [lag] * len(parts)).as_record()) == expected
