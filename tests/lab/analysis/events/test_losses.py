"""Requests that a restart cost: what was lost with which replica, and what is excused."""

from dataclasses import replace

import pytest
from tests.lab.analysis.events.story import READY, REPLACED, STOP, Story, steady
from tests.lab.runs import NEW, SERVERS, START

from long_lived.lab.analysis.events.change import Change
from long_lived.lab.analysis.events.latecomers import SERVICE_LAG_SECONDS
from long_lived.lab.analysis.events.losses import LOST


def came_in_addition() -> list[Change]:
    """Say that replicas were added and none was stopped."""
    return [Change(START + STOP + 0.5, None, None, new, START + READY + 0.5) for new in NEW]


def test_losses_of_the_restart_are_counted_apart_from_later_failures() -> None:
    """Requests are lost if their connection broke while the stopped replicas ended."""
    story = steady(Story(0.25))
    for sent, ended, key, count in [
        (5.0, 6.0, f"{LOST} server-b", 100),
        (9.8, STOP + 0.5, f"{LOST} server-b", 7),
        (9.8, STOP + 0.5, f"{LOST} server-a", 5),
        (9.9, STOP + 0.5, LOST, 4),
        (5.0, 6.0, LOST, 80),
        (0.0, 0.1, "read_timeout server-a", 90),
        (STOP + 0.5, READY + 0.5, f"{LOST} server-c", 2),
        (STOP + 1.0, STOP + 31.0, "connect_timeout", 3),
        (READY + 1.0, READY + 1.0, f"{LOST} server-c", 40),
        (20.0, 21.0, LOST, 50),
        (20.0, 21.0, "read_timeout server-a", 60),
    ]:
        story.tell("failed", key, sent, count)
        story.tell("failed_ended", key, ended, count)
    found = story.effect()
    assert found.lost_by_replica == {"server-b": 7, "server-c": 2}
    assert found.lost_unattributed == 4
    assert found.lost == 13
    assert found.excused == 7 + 5 + 4 + 2 + 3
    assert {phase.name: phase.failures for phase in found.phases} == {
        "before": {
            LOST: {"server-b": 107, "server-a": 5, "": 84},
            "read_timeout": {"server-a": 90},
        },
        "during": {LOST: {"server-c": 2}, "connect_timeout": {"": 3}},
        "after": {LOST: {"server-c": 40, "": 50}, "read_timeout": {"server-a": 60}},
    }


@pytest.mark.parametrize("kind", ["connect_refused", "connect_timeout", "connect_failed"])
def test_failures_to_reach_a_stopped_replica_are_excused_for_a_while(kind: str) -> None:
    """A Service gives out a stopped replica's address for a while; nothing else is excused."""
    story = steady(Story(0.25))
    slow = [REPLACED[0], replace(REPLACED[1], ended_unix_seconds=START + STOP + 1.7)]
    unseen = [replace(one, ended_unix_seconds=None) for one in REPLACED]
    known = STOP + 1.7 + SERVICE_LAG_SECONDS
    for sent, key, count in [
        (READY + 1.0, kind, 3),
        (known - 1.0, kind, 4),
        (known, kind, 5),
        (known + 0.1, kind, 70),
        (READY + 1.0, "read_timeout", 110),
    ]:
        story.tell("failed", key, sent, count)
        story.tell("failed_ended", key, sent + 30.0, count)
    assert story.effect(slow).excused == story.effect(slow[::-1]).excused == 3 + 4 + 5
    assert story.effect(unseen).excused == 3 + 4
    assert story.effect(came_in_addition()).excused == 0


def test_losses_are_counted_until_the_stopped_replicas_have_ended() -> None:
    """A replica that drains longer than its replacement starts loses requests at its end, too."""
    story = steady(Story(0.25))
    for series in ("failed", "failed_ended"):
        for key, at, count in [
            (f"{LOST} server-b", 16.0, 5),
            (f"{LOST} server-b", 16.25, 50),
            (f"{LOST} server-c", 16.0, 500),
            (LOST, 16.0, 3),
            (LOST, 16.25, 30),
        ]:
            story.tell(series, key, at, count)
    assert story.effect().lost == 0
    late = [replace(REPLACED[0], ended_unix_seconds=START + 16.1), REPLACED[1]]
    for order in (late, late[::-1]):
        found = story.effect(order)
        assert found.lost_by_replica == {"server-b": 5}
        assert found.lost_unattributed == 3


def test_losses_of_each_replica_are_counted_from_its_own_stop_on() -> None:
    """What broke on a replica before its stop did not break because of it."""
    story = steady(Story(0.25))
    for key, at, count in [
        (f"{LOST} server-b", STOP + 0.5, 1),
        (f"{LOST} server-c", STOP + 0.75, 20),
        (f"{LOST} server-c", STOP + 1.0, 3),
        (f"{LOST} server-d", STOP + 1.0, 40),
    ]:
        story.tell("failed_ended", key, at, count)
    wave = replace(REPLACED[1], began_unix_seconds=START + STOP + 1.1)
    added = Change(START + STOP + 0.5, None, None, "server-f", START + READY)
    found = story.effect([added, REPLACED[0], wave], (*SERVERS, *NEW, "server-f"))
    assert found.lost_by_replica == {"server-b": 1, "server-c": 3}


def test_losses_of_a_replica_that_restarts_in_place_end_when_it_is_back() -> None:
    """The old start may still answer, but what breaks then may be the new one's."""
    story = steady(Story(0.25), SERVERS)
    for at, count in ((READY, 2), (READY + 0.25, 30)):
        story.tell("failed_ended", f"{LOST} server-b", at, count)
    drained = [Change(START + STOP, "server-b", START + 20, "server-b", START + READY)]
    assert story.effect(drained, SERVERS).lost_by_replica == {"server-b": 2}
