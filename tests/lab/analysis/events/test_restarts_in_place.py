"""Restarts in place: several starts under one name, as its answers report them."""

import pytest
from tests.lab.records import pod_of
from tests.lab.runs import START

from long_lived.lab.analysis.events.restarts_in_place import restarts_in_place
from long_lived.record.summary import Start


def start(
    at: float, opened: float | None = None, answered: float = 30.0, requests: int = 5
) -> Start:
    """Make one start of a pod, in seconds of the run."""
    return Start(
        instance=str(at),
        requests=requests,
        started_unix_seconds=START + at,
        opened_unix_seconds=START + (at + 1 if opened is None else opened),
        answered_unix_seconds=START + answered,
    )


def found(*starts: Start, known: tuple[str, ...] = ()) -> list[tuple[float, float, float]]:
    """Return when each restart in place was stopped, ended and ready."""
    times = []
    for one in restarts_in_place({"a": pod_of(starts)}, START, known):
        assert one.in_place
        assert one.inferred
        assert one.old == "a"
        assert one.ended_unix_seconds is not None
        assert one.ready_unix_seconds is not None
        whens = (one.began_unix_seconds, one.ended_unix_seconds, one.ready_unix_seconds)
        times.append(tuple(at - START for at in whens))
    return times


def test_one_start_before_the_run_is_no_restart() -> None:
    """A server that runs from before the clock starts until the end has not restarted."""
    assert found(start(-60.0)) == []
    assert found() == []


@pytest.mark.parametrize(("at", "count"), [(0.5, 0), (0.51, 1)], ids=["with", "in"])
def test_start_with_the_clock_is_no_restart(at: float, count: int) -> None:
    """Clocks are inexact: a server that starts with the run has not restarted in it."""
    assert len(found(start(at))) == count


def test_crash_lies_between_the_last_answer_and_the_next_start() -> None:
    """The old start answered last at 9 s, the new one began at 12 s and was reached at 13 s."""
    assert found(start(-60.0, answered=9.0), start(12.0, 13.0)) == [(9.0, 9.0, 13.0)]


def test_old_start_that_drains_was_stopped_when_the_new_one_began() -> None:
    """A replaced worker answers for a while beside its successor."""
    assert found(start(-60.0, answered=20.0), start(12.0, 12.5)) == [(12.0, 20.0, 12.5)]


def test_name_whose_only_start_lies_in_the_run_was_there_before() -> None:
    """It did not answer before its restart, unless it is known to have come during the run."""
    assert found(start(12.0, 13.0)) == [(12.0, 12.0, 13.0)]
    assert found(start(12.0, 13.0), known=("a",)) == []


def test_replacement_may_restart_in_place_too() -> None:
    """Its first start is its arrival, every later one a restart."""
    starts = (start(12.0, answered=18.0), start(20.0, 21.0, answered=24.0), start(25.0, 26.0))
    assert found(*starts, known=("a",)) == [(18.0, 18.0, 21.0), (24.0, 24.0, 26.0)]


def test_restarts_are_listed_in_order_of_time() -> None:
    """Order of time, not of names."""
    pods = {name: pod_of([start(at)]) for name, at in (("a", 20.0), ("b", 10.0))}
    assert [one.old for one in restarts_in_place(pods, START, ())] == ["b", "a"]
