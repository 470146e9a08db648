"""What each phase counts: a row per replica, and the rows add up to the run."""

import pytest
from tests.lab.analysis.events.story import READY, STOP, Story, steady
from tests.lab.runs import SERVERS, START, restarted

from long_lived.lab.analysis.events.change import Change
from long_lived.lab.analysis.events.losses import LOST
from long_lived.lab.analysis.events.phase_counts import Row
from long_lived.lab.analysis.events.phases import PhaseName


def test_replica_that_drains_after_its_time_has_a_row() -> None:
    """A stopped replica's late answers are in the table wherever they fall, but are not judged."""
    story = steady(Story(0.25))
    story.tell("answered", "server-b", READY + 2, 4)
    found = story.effect()
    after = found.phase(PhaseName.AFTER)
    assert after is not None
    rows = {row.replica: row.answered for row in after.rows}
    assert list(rows) == ["server-a", "server-b", "server-d", "server-e"]
    assert rows["server-b"] == 4
    assert "server-b" not in story.judged(found).spread.counts
    assert sum(row.answered_ratio for row in after.rows) == pytest.approx(1)


def test_rows_are_in_the_order_of_the_replicas() -> None:
    """Rows keep the lab's order of the replicas, whatever their names."""
    named = ("server-e", "server-c", "server-a", "server-d", "server-b")
    found = steady(Story(0.25)).effect(replicas=named)
    assert [[row.replica[-1] for row in phase.rows] for phase in found.phases] == [
        ["c", "a", "b"],
        ["e", "c", "a", "d", "b"],
        ["e", "a", "d"],
    ]


def test_phases_add_up_to_the_run() -> None:
    """Every answer, connection and failure of the timeline is in one row of one phase."""
    run, replacements = restarted(heals=True, lost=5)
    made = run.summary()
    story = Story()
    story.timeline = run.ledger.timeline
    found = story.effect(replacements)
    rows = [row for phase in found.phases for row in phase.rows]
    for pod, count in made.pods.items():
        own = [row for row in rows if row.replica == pod]
        assert sum(row.answered for row in own) == count.requests
        assert sum(row.opened for row in own) == count.connections_opened
        assert own[-1].held == count.connections_open
    assert sum(phase.failures[LOST]["server-b"] for phase in found.phases if phase.failures) == 5


def test_replica_that_restarts_in_place_was_there_before() -> None:
    """It has a row in the phase before, even if it answered nothing then."""
    story = steady(Story(0.25), SERVERS)
    crash = [Change(START + STOP, "silent", START + STOP, "silent", START + READY)]
    before, during, _ = story.effect(crash, [*SERVERS, "silent"]).phases
    assert [row.replica for row in before.rows] == [*SERVERS, "silent"]
    assert before.rows[-1] == Row("silent", 0, 0.0, 0, 0)
    assert {row.answered_ratio for row in before.rows[:-1]} == {1 / 3}
    assert {(row.answered, row.answered_ratio) for row in during.rows} == {(0, 0.0)}


def test_connections_of_unknown_replicas_have_a_row() -> None:
    """A connection that never got an answer cannot be attributed to a replica."""
    story = steady(Story(0.25))
    for series, at, count in [
        ("opened", 5.0, 7),
        ("closed", STOP + 0.5, 4),
        ("opened", READY + 1.0, 2),
        ("closed", READY + 1.0, 5),
    ]:
        story.tell(series, "", at, count)
    last = [phase.rows[-1] for phase in story.effect().phases]
    assert [(row.replica, row.opened, row.held) for row in last] == [
        ("", 7, 7),
        ("", 0, 3),
        ("", 2, 0),
    ]
    assert all(row.replica for phase in steady(Story()).effect().phases for row in phase.rows)
