"""Reading a run's timeline: moments, counts, and the connections that each replica held."""

import hypothesis
import hypothesis.strategies as some
import pytest
from tests.lab.records import history
from tests.lab.runs import START

from long_lived.lab.analysis.history import History
from long_lived.record.timeline import Timeline

EVENTS = some.lists(
    some.tuples(
        some.sampled_from(["opened", "closed", "answered"]),
        some.sampled_from(["server-a", "server-b"]),
        some.floats(0, 50),
    ),
    max_size=60,
)


def history_of(*events: tuple[str, str, float, int]) -> History:
    """Make the history of these counts."""
    timeline = Timeline()
    for series, key, at, count in events:
        timeline.add(series, key, START + at, count)
    return history(timeline)


@hypothesis.given(events=EVENTS)
def test_counts_of_all_buckets_are_the_events(events: list[tuple[str, str, float]]) -> None:
    """History loses nothing of its timeline, and held is opened minus closed."""
    seen = history_of(*((*event, 1) for event in events))
    for replica in ("server-a", "server-b"):
        sums = {
            series: sum(one[:2] == (series, replica) for one in events)
            for series in ("opened", "closed", "answered")
        }
        for series, count in sums.items():
            assert seen.count(series, replica, 0, seen.buckets) == count
            assert sum(seen.counts(series, replica)) == count
            assert seen.by_key(series, 0, seen.buckets).get(replica, 0) == count
        assert seen.held(replica, seen.buckets) == sums["opened"] - sums["closed"]
    assert seen.replicas() == sorted({one[1] for one in events if one[0] == "answered"})


@hypothesis.given(first=some.floats(0, 50), seconds=some.floats(0, 200), at=some.floats(-300, 300))
def test_moment_falls_into_the_bucket_that_holds_it(
    first: float, seconds: float, at: float
) -> None:
    """Each moment of the run has its bucket; one outside is the first, or past the last."""
    seen = history_of(("sent", "all", first, 1), ("sent", "all", first + seconds, 1))
    bucket = seen.bucket(START + at)
    begin, end = seen.unix_seconds(0), seen.unix_seconds(seen.buckets)
    if START + at < begin:
        assert bucket == 0
    elif START + at >= end:
        assert bucket == seen.buckets
    else:
        assert seen.unix_seconds(bucket) <= START + at < seen.unix_seconds(bucket + 1)


def test_time_begins_with_the_clock_and_is_never_negative() -> None:
    """A bucket that begins before the clock starts begins at zero."""
    timeline = Timeline(4.0)
    timeline.add("sent", "all", START + 3)
    seen = History(timeline.as_record(), START + 2.5)
    assert (seen.seconds(0), seen.seconds(1)) == (0.0, 1.5)


def test_connections_are_held_from_their_opening_to_their_end() -> None:
    """What opens in a bucket is held at its end; before the first bucket nothing is held."""
    seen = history_of(
        ("opened", "server-a", 0.0, 5), ("closed", "server-a", 1.0, 2), ("opened", "b", 2.0, 1)
    )
    assert [seen.held("server-a", bucket) for bucket in range(9)] == [5, 5, 5, 5, 3, 3, 3, 3, 3]
    assert seen.held("server-a", -1) == 0
    assert seen.held("server-a", 1000) == 3
    assert seen.held("stranger", 4) == 0


@pytest.mark.parametrize(
    ("closed", "kept"), [(0, True), (50, True), (89, True), (90, False), (100, False)]
)
def test_connections_are_kept_where_most_carry_several_answers(closed: int, kept: bool) -> None:
    """A close per answer is a connection per request; half as many is keep-alive."""
    seen = history_of(("answered", "server-a", 0.0, 100), ("closed", "server-a", 1.0, closed))
    assert seen.kept() is kept


@pytest.mark.parametrize(
    ("events", "end"),
    [
        ([("opened", "a", 0.0, 10), ("sent", "all", 5.0, 1)], 21),
        ([("opened", "a", 0.0, 10), ("closed", "a", 5.0, 6), ("sent", "all", 9.0, 1)], 20),
        ([("opened", "a", 0.0, 10), ("closed", "a", 5.0, 5), ("sent", "all", 9.0, 1)], 37),
        ([("sent", "all", 0.0, 1), ("sent", "all", 1.0, 1)], 5),
        ([], 0),
    ],
    ids=["kept-to-the-end", "most-closed", "half-closed", "never-any", "nothing"],
)
def test_load_ends_with_the_last_half_of_the_connections(
    events: list[tuple[str, str, float, int]], end: int
) -> None:
    """Once the load is over connections close, and what is held then is not judged."""
    assert history_of(*events).load_end() == end


def test_load_ends_after_an_event_by_the_connections_since() -> None:
    """If most users lost theirs and wait, the few connections left are the load."""
    seen = history_of(
        ("opened", "a", 0.0, 10), ("closed", "a", 5.0, 8), ("opened", "a", 7.0, 1),
        ("closed", "a", 9.0, 2), ("sent", "all", 11.0, 1),
    )  # fmt: skip
    assert seen.load_end() == 20
    assert seen.load_end(20) == 36
