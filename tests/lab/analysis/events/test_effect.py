"""What a restart did: who served before and after it, and where the connections went."""

import random
from collections import Counter
from dataclasses import replace

import pytest
from tests.lab.analysis.events.story import (
    END,
    LAST,
    READY,
    REPLACED,
    STOP,
    SURVIVOR,
    Story,
    answer_to_the_end,
    pinned,
    steady,
)
from tests.lab.records import history
from tests.lab.runs import NEW, SERVERS, START, restarted

from long_lived.lab.analysis.events.change import Change
from long_lived.lab.analysis.events.effect import effect
from long_lived.lab.analysis.events.losses import LOST
from long_lived.lab.analysis.events.phases import PhaseName
from long_lived.lab.analysis.judged import Unit


def test_survivor_that_gets_nothing_is_uneven_and_not_pinned() -> None:
    """Pinned means that replacements get too little, not just any odd spread."""
    story = Story()
    for pod in SERVERS:
        story.open(pod, 0.5, 100)
    for pod in NEW:
        story.move(SURVIVOR, pod, READY + 1, 50)
        story.open(pod, READY + 1, 100)
    story = answer_to_the_end(story, READY + 2, Counter(dict.fromkeys(NEW, 150)))
    found = story.effect()
    assert not story.judged(found).spread.within_chance
    assert not story.pinned(found)


def test_connections_are_followed_from_the_replaced_to_the_survivors() -> None:
    """What replaced replicas held is orphaned; what the survivors took over is inherited."""
    found = pinned(random.Random(1), 0.0).effect()
    assert found.survivors == [SURVIVOR]
    assert found.stopped == [*SERVERS[1:]]
    assert found.came == [*NEW]
    before = found.phase(PhaseName.BEFORE)
    assert before is not None
    held = {row.replica: row.held for row in before.rows}
    assert found.orphaned == held["server-b"] + held["server-c"]
    assert found.inherited == found.orphaned
    assert found.moved == 0


def test_connections_are_followed_from_the_stop_to_the_end_of_the_load() -> None:
    """What opens just before the stop counts as held; what closes in the tail has not moved."""
    story = Story()
    for pod, count in (("server-a", 10), ("server-b", 20), ("server-c", 30)):
        story.open(pod, 0.5, count)
        story.open(pod, STOP - 0.5, 3)
    story.tell("closed", "server-b", STOP + 0.6, 23)
    story.tell("closed", "server-c", STOP + 0.6, 33)
    story.open(NEW[0], READY + 1, 40)
    for at, count in ((READY + 0.9, 1), (READY + 1.0, 2), (END - 0.5, 4), (END + 0.5, 6)):
        story.tell("closed", SURVIVOR, at, count)
    story.tell("closed", NEW[0], END + 0.5, 40)
    story.tell("answered", NEW[0], END + 0.5, 100)
    found = story.effect()
    assert found.orphaned == 23 + 33
    assert found.moved == 2 + 4
    assert found.inherited == 0


def test_survivors_inherit_no_more_than_was_orphaned() -> None:
    """What they had already, or get beyond that, did not come from the replaced replicas."""
    story = steady(Story())
    story.open(SURVIVOR, STOP - 0.5, 5)
    story.open(SURVIVOR, STOP + 0.7, 30)
    assert story.effect().inherited == 30
    story.open(SURVIVOR, READY + 1, 17)
    assert story.effect().inherited == 40


def test_replacement_that_is_replaced_itself_does_not_serve_afterwards() -> None:
    """Of a chain of replacements only the last serves at the end."""
    story = steady(Story(), ["server-a", "server-c", "server-e"])
    first, then = ("server-b", "server-d"), ("server-d", "server-e")
    chain = [
        Change(START + at, old, START + at, new, START + at + 1)
        for at, (old, new) in ((STOP, first), (STOP + 1, then))
    ]
    found = story.effect(chain)
    assert (found.stopped, found.came) == (["server-b", "server-d"], ["server-e"])
    assert found.crew == ["server-a", "server-c", "server-e"]
    after = found.phase(PhaseName.AFTER)
    assert after is not None
    assert [row.replica for row in after.rows] == found.crew


def test_stop_after_the_run_changes_nothing_in_it() -> None:
    """If the load ends before the first stop, all of it counts as before."""
    story = steady(Story(), SERVERS)
    for series in ("failed", "failed_ended"):
        story.tell(series, f"{LOST} server-b", 20.0, 5)
    late = [Change(START + END + 60, "server-b", START + END + 61, "server-d")]
    found = story.effect(late)
    assert [phase.name for phase in found.phases] == [PhaseName.BEFORE]
    assert (found.finished, found.orphaned, found.lost, found.excused) == (False, 20, 0, 0)


def test_connections_that_leave_the_survivors_have_moved() -> None:
    """Connections reopened after the restart are counted as moved; what stayed is inherited."""
    run, replacements = restarted(heals=True)
    story = Story()
    story.timeline = run.ledger.timeline
    found = story.effect(replacements)
    assert (found.orphaned, found.moved, found.inherited) == (40, 60, 0)


def rolled(keep: int) -> tuple[Story, list[Change]]:
    """Write a rolling restart: a stopped replica's connections go to all that serve then."""
    story = Story(0.25)
    held = Counter(dict.fromkeys(SERVERS, 30))
    for pod in SERVERS:
        story.open(pod, 0.5, 30)
    changes = []
    for index, old in enumerate(SERVERS[keep:]):
        at, new = STOP + 4 * index, f"server-{'def'[index]}"
        left = held.pop(old)
        story.tell("closed", old, at, left)
        heirs = sorted(held)
        for number, pod in enumerate(heirs):
            share = left // len(heirs) + (number < left % len(heirs))
            story.open(pod, at + 0.1, share)
            held[pod] += share
        held[new] = 0
        changes.append(Change(START + at, old, START + at, new, START + at + 2))
    for second in range(STOP + 12, END):
        for pod, count in held.items():
            story.tell("answered", pod, second, count)
    return story, changes


@pytest.mark.parametrize("keep", [0, 1])
def test_rolling_restart_is_one_restart_from_first_stop_to_last_ready(keep: int) -> None:
    """The waves are one `during`; nobody is left to give the last replacement connections."""
    story, changes = rolled(keep)
    new = [one.new for one in changes]
    found = story.effect(changes, [*SERVERS, *new])
    during, after = found.phase(PhaseName.DURING), found.phase(PhaseName.AFTER)
    assert during is not None
    assert after is not None
    assert during.start_seconds == STOP
    assert after.start_seconds == during.end_seconds == STOP + 4 * (2 - keep) + 2.25
    assert found.survivors == [*SERVERS[:keep]]
    assert [row.replica for row in after.rows] == [*SERVERS[:keep], *new]
    assert after.rows[-1].held == 0
    assert sum(row.held for row in after.rows) == 90
    assert found.orphaned == 30 * (3 - keep)
    assert found.crew == [*SERVERS[:keep], *new]
    assert story.pinned(found, changes)


def test_restart_of_all_replicas_leaves_no_survivor() -> None:
    """Without survivors nothing is inherited, and only the replacements are judged."""
    story = Story(0.25)
    new = ["server-d", "server-e", "server-f"]
    for pod in SERVERS:
        story.open(pod, 0.5, 20)
        story.tell("closed", pod, STOP, 20)
    for pod in new:
        story.open(pod, READY + 1, 20)
        for second in range(READY + 2, END):
            story.tell("answered", pod, second, 20)
    everybody = [
        Change(START + STOP, old, START + STOP, heir, START + READY)
        for old, heir in zip(SERVERS, new, strict=True)
    ]
    found = story.effect(everybody, [*SERVERS, *new])
    assert (found.survivors, found.inherited, found.orphaned, found.moved) == ([], 0, 60, 0)
    assert story.judged(found).spread.counts == dict.fromkeys(new, 20)
    assert not story.pinned(found, everybody)
    assert found.too_few_to_tell


def test_run_that_ends_in_the_restart_has_no_after() -> None:
    """If a replacement is never ready nothing is judged, but what was seen is counted."""
    story = steady(Story(0.25))
    never = [Change(START + STOP, "server-b", START + STOP)]
    found = story.effect(never)
    assert [phase.name for phase in found.phases] == ["before", "during"]
    assert found.phase(PhaseName.AFTER) is None
    assert (found.finished, found.seconds_to_even, found.moved) == (False, None, 0)
    assert found.end_bucket == history(story.timeline).buckets
    assert found.came == []


def test_run_without_a_restart_has_no_effect() -> None:
    """Without a replacement there is no effect to compute."""
    story = steady(Story())
    assert effect(history(story.timeline), SERVERS, [], Unit.HELD, 0.0) is None


def test_load_goes_on_while_users_wait_for_replicas_that_are_gone() -> None:
    """Most users may lack a connection long after an event: what they hold then is judged."""
    story = Story(0.25)
    for pod in SERVERS:
        story.open(pod, 0.0, 20)
    for pod in SERVERS[1:]:
        story.tell("closed", pod, STOP + 0.5, 20)
    for second in range(END):
        story.tell("answered", SURVIVOR, second, 20)
    story.open(NEW[0], 25.0, 1)
    found = story.effect()
    assert [row.held for row in found.phases[-1].rows] == [20, 1, 0]
    assert story.judged(found).spread.counts == {SURVIVOR: 20, NEW[0]: 1, NEW[1]: 0}


def test_tail_of_a_run_is_not_judged() -> None:
    """Connections that close once the load is over still count as held."""
    story = steady(Story(0.25))
    for pod in LAST:
        story.tell("closed", pod, END + 1, 20)
    found = story.effect()
    assert story.judged(found).spread.counts == dict.fromkeys(LAST, 20)
    assert not story.pinned(found)


def test_uncertain_clocks_widen_during_on_both_sides() -> None:
    """What may have happened while replicas restarted counts as during."""
    story = steady(Story(0.25))
    exact, uncertain = (story.effect(uncertainty_seconds=by) for by in (0.0, 1.0))
    for found, begin, end in ((exact, 10.5, 12.75), (uncertain, 9.5, 13.75)):
        during = found.phase(PhaseName.DURING)
        assert during is not None
        assert (during.start_seconds, during.end_seconds) == (begin, end)


def test_replica_that_restarts_in_place_is_stopped_and_serves_afterwards() -> None:
    """Its connections are gone, and it is judged like the others."""
    story = Story(0.25)
    for pod in SERVERS:
        story.open(pod, 0.5, 100)
    story.move("server-b", SURVIVOR, STOP + 0.6, 100)
    story = answer_to_the_end(story, READY, Counter(dict.fromkeys(SERVERS, 100)))
    story.tell("failed_ended", f"{LOST} server-b", STOP + 1, 6)
    story.tell("failed", f"{LOST} server-b", STOP - 1, 6)
    crash = [
        Change(
            START + STOP, "server-b", START + STOP, "server-b", START + READY, reason="OOMKilled"
        )
    ]
    found = story.effect(crash, SERVERS)
    assert found.crew == ["server-a", "server-c", "server-b"]
    assert (found.survivors, found.stopped) == (["server-a", "server-c"], ["server-b"])
    assert (found.orphaned, found.inherited) == (100, 100)
    assert found.lost_by_replica == {"server-b": 6}
    assert story.judged(found).spread.counts == {"server-a": 200, "server-c": 100, "server-b": 0}
    assert story.pinned(found, crash)


@pytest.mark.parametrize("inferred", [(True, True), (False, True)], ids=["all", "one"])
def test_inherited_is_unknown_for_an_inferred_restart(inferred: tuple[bool, bool]) -> None:
    """If nobody saw the stop, nobody knows how many connections were held at that moment."""
    story = steady(Story(0.25))
    seen = [
        replace(one, ended_unix_seconds=None, ready_unix_seconds=START + READY, inferred=guessed)
        for one, guessed in zip(REPLACED, inferred, strict=True)
    ]
    found = story.effect(seen)
    assert (found.orphaned, found.inherited, found.moved) == (None, None, None)
