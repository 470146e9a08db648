"""What is judged: the unit, the window, and what is unattributed."""

import pytest
from tests.lab.records import history
from tests.lab.runs import START

from long_lived.lab.analysis.history import History
from long_lived.lab.analysis.judged import Judged, Unit, judged, unit_of
from long_lived.lab.analysis.power import needed
from long_lived.record.timeline import Timeline

CREW = ("a", "b")
WITHIN = 0.5
ENOUGH = needed(2, WITHIN)


def history_of(*events: tuple[str, str, float, int]) -> History:
    """Make a history of one-second buckets."""
    timeline = Timeline(1.0)
    for series, key, at, count in events:
        timeline.add(series, key, START + at, count)
    return history(timeline)


def per_request(each: int, seconds: int = 20) -> History:
    """Open this many connections a second to each replica, and close each after its answer."""
    return history_of(
        *(
            (series, key, second, each)
            for second in range(seconds)
            for key in CREW
            for series in ("opened", "answered")
        ),
        *(("closed", key, second + 1, each) for second in range(seconds) for key in CREW),
    )


@pytest.mark.parametrize(
    ("closed", "proxied", "unit"),
    [(0, False, Unit.HELD), (89, False, Unit.HELD), (90, False, Unit.OPENED)]
    + [(0, True, Unit.ANSWERED), (100, True, Unit.ANSWERED)],
    ids=["kept", "nearly-kept", "closed", "proxied-kept", "proxied-closed"],
)
def test_unit_is_what_was_balanced(closed: int, proxied: bool, unit: Unit) -> None:
    """Kept connections count where held, others where opened, requests behind a proxy."""
    run = history_of(("opened", "a", 0, 100), ("answered", "a", 0, 100), ("closed", "a", 1, closed))
    assert unit_of(run, proxied=proxied) is unit


def test_units_name_the_series_that_they_count() -> None:
    """Requests count when answered, connections when opened."""
    assert [unit.series for unit in Unit] == ["opened", "opened", "answered"]


def test_without_an_event_the_whole_load_is_judged() -> None:
    """Without an event there is no window to choose."""
    found = judged(per_request(10), Unit.OPENED, CREW, None, WITHIN)
    assert found.spread.counts == {"a": 200, "b": 200}
    assert (found.start_seconds, found.end_seconds) == (0.0, 21.0)


@pytest.mark.parametrize(
    ("each", "start"),
    [(1, 15.0), (ENOUGH // 10 + 1, 15.0), (ENOUGH // 8 + 1, 16.0), (ENOUGH, 19.0)]
    + [(ENOUGH // 4, 18.0), (ENOUGH // 4 - 1, 17.0), (ENOUGH // 2, 19.0)],
    ids=["too-few", "half", "four-seconds", "one-second", "just", "just-not", "just-one-second"],
)
def test_window_after_an_event_is_as_long_as_power_needs(each: int, start: float) -> None:
    """It reaches back from the end of the load, over at most half of the time since."""
    found = judged(per_request(each), Unit.OPENED, CREW, 10, WITHIN)
    assert (found.start_seconds, found.end_seconds) == (start, 20.0)
    assert found.spread.total == 2 * each * round(20.0 - start)


def test_window_with_one_connection_too_few_is_longer() -> None:
    """One less than power needs adds another second."""
    assert ENOUGH % 2 == 0
    uneven = history_of(
        *(
            ("opened", key, second, ENOUGH // 2 - (key == "b"))
            for second in range(20)
            for key in CREW
        )
    )
    found = judged(uneven, Unit.OPENED, CREW, 10, WITHIN)
    assert found.start_seconds == 18.0


def test_window_is_no_more_than_half_of_an_odd_time() -> None:
    """Of nine seconds the last four are judged, not five."""
    found = judged(per_request(1), Unit.OPENED, CREW, 11, WITHIN)
    assert (found.start_seconds, found.end_seconds) == (16.0, 20.0)


def test_window_is_half_of_the_time_where_any_deviation_matters() -> None:
    """With evenWithin = 0 no number is large enough."""
    found = judged(per_request(100_000), Unit.OPENED, CREW, 10, 0.0)
    assert (found.start_seconds, found.end_seconds) == (15.0, 20.0)


def test_window_has_a_bucket_however_late_the_event() -> None:
    """An event that ends with the load leaves its last moment."""
    found = judged(per_request(5), Unit.OPENED, CREW, 19, WITHIN)
    assert found.end_seconds - found.start_seconds == 1.0


def test_requests_are_counted_in_the_same_window() -> None:
    """Behind a proxy the answers of the window count."""
    run = history_of(
        ("opened", "a", 0, 50),
        *(("answered", key, second, 7) for second in range(20) for key in CREW),
    )
    found = judged(run, Unit.ANSWERED, CREW, 10, WITHIN)
    assert found.spread.counts == {"a": 35, "b": 35}
    assert found.unattributed == 0


def test_held_connections_are_counted_at_the_end_of_the_load() -> None:
    """Connections that close in the tail were held while there was load."""
    run = history_of(
        ("opened", "a", 0, 60),
        ("opened", "b", 0, 40),
        ("answered", "a", 9, 60),
        ("closed", "a", 10, 60),
        ("closed", "b", 12, 40),
        ("answered", "b", 12, 1),
    )
    found = judged(run, Unit.HELD, CREW, None, WITHIN)
    assert found.spread.counts == {"a": 60, "b": 40}
    assert found.end_seconds == 10.0


def test_load_begins_with_the_run() -> None:
    """What is held in the first moment is part of the load, and its remains are the tail."""
    run = history_of(("opened", "a", 0, 100), ("closed", "a", 1, 60), ("answered", "a", 9, 100))
    assert judged(run, Unit.HELD, CREW, None, WITHIN).end_seconds == 1.0


def test_held_connections_are_counted_after_the_event() -> None:
    """A load that ends during the event is counted once the event is over."""
    run = history_of(("opened", "a", 0, 60), ("closed", "a", 5, 40), ("answered", "a", 9, 60))
    found = judged(run, Unit.HELD, CREW, 8, WITHIN)
    assert found.spread.counts == {"a": 20, "b": 0}


@pytest.mark.parametrize(
    ("unit", "unattributed"), [(Unit.HELD, 3), (Unit.OPENED, 5)], ids=["held", "opened"]
)
def test_unattributed_connections_of_the_window_are_counted(unit: Unit, unattributed: int) -> None:
    """They are in no replica's count, but reported beside them."""
    run = history_of(
        *(("opened", key, 0, 50) for key in CREW),
        *(("answered", key, 9, 50) for key in CREW),
        ("opened", "", 1, 5),
        ("closed", "", 2, 2),
    )
    found: Judged = judged(run, unit, CREW, None, WITHIN)
    assert found.unattributed == unattributed
    assert found.spread.counts == dict.fromkeys(CREW, 50)
