"""Before, during, after: every bucket of a run is in exactly one phase, whatever happened when."""

import hypothesis
import hypothesis.strategies as some
import pytest
from tests.lab.records import history
from tests.lab.runs import START

from long_lived.lab.analysis.events.change import Change
from long_lived.lab.analysis.events.phases import PhaseName, phases
from long_lived.record.timeline import Timeline

MOMENTS = some.floats(-20, 80, allow_nan=False)
"""Seconds since the start; runs here last up to a minute, so some lie outside."""

CHANGES = some.lists(
    some.builds(
        lambda stopped, ended, ready: Change(
            START + stopped,
            "old",
            None if ended is None else START + ended,
            "new",
            None if ready is None else START + ready,
        ),
        MOMENTS,
        some.none() | MOMENTS,
        some.none() | MOMENTS,
    ),
    max_size=4,
)


def run_of(first_seconds: float, seconds: float, width_seconds: float = 0.25) -> Timeline:
    """Make the timeline of a run with one request at its start and one at its end."""
    timeline = Timeline(width_seconds)
    for at in (first_seconds, first_seconds + seconds):
        timeline.add("sent", "all", START + at)
    return timeline


@hypothesis.given(
    changes=CHANGES,
    first=some.floats(0, 5),
    seconds=some.floats(0, 60),
    width=some.sampled_from([0.25, 0.5, 4.0]),
)
def test_phases_cover_every_bucket_once(
    changes: list[Change], first: float, seconds: float, width: float
) -> None:
    """However stop, end and ready are ordered, phases follow one another without gap or overlap."""
    seen = history(run_of(first, seconds, width))
    found = phases(seen, changes)
    if not changes:
        assert found == []
        return
    assert [index for phase in found for index in range(phase.first, phase.end)] == list(
        range(seen.buckets)
    )
    assert all(phase.first < phase.end for phase in found)
    assert [phase.name for phase in found] == sorted(
        {phase.name for phase in found}, key=list(PhaseName).index
    )


@hypothesis.given(changes=CHANGES.filter(bool), seconds=some.floats(0, 60))
def test_during_begins_in_the_bucket_of_the_first_stop(
    changes: list[Change], seconds: float
) -> None:
    """Everything before the first stop is before, and nothing else is."""
    seen = history(run_of(0, seconds))
    found = {phase.name: phase for phase in phases(seen, changes)}
    stop = seen.bucket(min(one.began_unix_seconds for one in changes))
    if PhaseName.BEFORE in found:
        assert found[PhaseName.BEFORE].end == stop
    if PhaseName.DURING in found:
        assert found[PhaseName.DURING].first == stop


@hypothesis.given(changes=CHANGES.filter(bool), seconds=some.floats(0, 60))
def test_after_begins_when_every_replacement_is_ready(
    changes: list[Change], seconds: float
) -> None:
    """An after needs every change to be over, and begins behind the last."""
    seen = history(run_of(0, seconds))
    found = {phase.name: phase for phase in phases(seen, changes)}
    ready = [one.ready_unix_seconds for one in changes]
    if PhaseName.AFTER in found:
        assert None not in ready
        assert all(seen.bucket(at) < found[PhaseName.AFTER].first for at in ready)
    else:
        assert (
            None in ready
            or max(
                seen.bucket(max(ready)) + 1,
                seen.bucket(min(one.began_unix_seconds for one in changes)),
            )
            >= seen.buckets
        )


@pytest.mark.parametrize(
    ("stopped", "ready", "borders"),
    [
        ((10.0,), (12.0,), {"before": (0, 40), "during": (40, 49), "after": (49, 121)}),
        ((10.1,), (12.2,), {"before": (0, 40), "during": (40, 49), "after": (49, 121)}),
        ((10.0, 13.0), (12.0, 15.0), {"before": (0, 40), "during": (40, 61), "after": (61, 121)}),
        ((13.0, 10.0), (15.0, 12.0), {"before": (0, 40), "during": (40, 61), "after": (61, 121)}),
        ((10.0,), (10.0,), {"before": (0, 40), "during": (40, 41), "after": (41, 121)}),
        ((10.0,), (9.0,), {"before": (0, 40), "after": (40, 121)}),
        ((10.0,), (None,), {"before": (0, 40), "during": (40, 121)}),
        ((10.0, 11.0), (12.0, None), {"before": (0, 40), "during": (40, 121)}),
        ((10.0,), (31.0,), {"before": (0, 40), "during": (40, 121)}),
        ((31.0,), (33.0,), {"before": (0, 121)}),
        ((-5.0,), (2.0,), {"during": (0, 9), "after": (9, 121)}),
        ((-5.0,), (-2.0,), {"during": (0, 1), "after": (1, 121)}),
    ],
    ids=[
        "one",
        "within-buckets",
        "rolling",
        "in-any-order",
        "at-once",
        "ready-before-the-stop",
        "never-ready",
        "one-never-ready",
        "ready-after-the-run",
        "after-the-run",
        "before-the-run",
        "wholly-before-the-run",
    ],
)
def test_phases_change_at_stop_and_ready(
    stopped: tuple[float, ...], ready: tuple[float | None, ...], borders: dict[str, object]
) -> None:
    """A run of 121 quarter-second buckets, by hand."""
    changes = [
        Change(START + stop, "old", None, "new", None if at is None else START + at)
        for stop, at in zip(stopped, ready, strict=True)
    ]
    found = phases(history(run_of(0, 30)), changes)
    assert {str(phase.name): (phase.first, phase.end) for phase in found} == borders


def test_run_without_an_event_has_no_phase() -> None:
    """If no client sent anything there is nothing to divide."""
    assert phases(history(Timeline()), [Change(START + 1, "a", None, "b", START + 2)]) == []
