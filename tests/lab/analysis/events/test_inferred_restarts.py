"""Restarts inferred from what the clients saw; and none where none happened."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from tests.lab.records import changed, history, pod_of
from tests.lab.runs import NEW, READY_SECONDS, SERVERS, START, STOP_SECONDS, Run, plain, restarted

from long_lived.lab.analysis.events.change import Change
from long_lived.lab.analysis.events.inferred_restarts import MISSED, changes_seen
from long_lived.lab.analysis.events.phases import PhaseName
from long_lived.lab.analysis.verdict import history_of, judge
from long_lived.record.summary import Summary
from long_lived.record.timeline import Timeline

RUNS = 2_000


def pairs(found: list[Change]) -> list[tuple[str | None, str | None]]:
    """Return who was replaced by whom."""
    return [(one.old, one.new) for one in found]


def seen_in(made: Summary, replicas: int | None = 3) -> list[Change]:
    """Infer the restarts from a summary."""
    return changes_seen(history_of(made), made.pods, replicas)


def without_starts(made: Summary) -> Summary:
    """Return the summary as if servers did not say when they started."""
    return changed(made, **{f"pods__{name}__starts": [] for name in made.pods})


@pytest.mark.parametrize(
    "given", [{"heals": True}, {"keeps": False}], ids=["healed", "per-request"]
)
@pytest.mark.parametrize("told", [True, False], ids=["starts-told", "starts-unknown"])
def test_names_that_disappear_and_appear_are_a_restart(given: dict[str, Any], told: bool) -> None:
    """Old and new names are paired, with the approximate times."""
    run, announced = restarted(**given)
    made = run.summary() if told else without_starts(run.summary())
    found = seen_in(made)
    assert sorted(pairs(found)) == sorted(pairs(announced))
    for one in found:
        assert one.inferred
        assert one.ready_unix_seconds is not None
        assert one.ended_unix_seconds is not None
        assert START + STOP_SECONDS - 1.5 < one.began_unix_seconds <= START + STOP_SECONDS
        assert one.ready_unix_seconds > one.began_unix_seconds
        assert one.ready_unix_seconds < START + READY_SECONDS + 3


def test_replacement_that_got_nothing_still_has_a_name() -> None:
    """Nobody saw a pinned run's new replicas: they count as ready when the old were gone."""
    run, _ = restarted()
    found = seen_in(run.summary())
    assert pairs(found) == [("server-b", "unseen-1"), ("server-c", "unseen-2")]
    assert all(one.ready_unix_seconds == one.ended_unix_seconds for one in found)


def test_one_of_two_replacements_got_nothing() -> None:
    """If two names disappear and one appears, the other replacement is one that nobody saw."""
    run, _ = restarted(users=120)
    for index in range(20):
        connection = run.connect("server-e", 13.0 + index / 20)
        for second in range(14, 30):
            run.ask(connection, second + index / 20)
    made = run.summary()
    assert pairs(seen_in(made)) == [("server-b", "server-e"), ("server-c", "unseen-1")]
    assert pairs(seen_in(made, None)) == [("server-b", "server-e"), ("server-c", None)]


def test_no_replica_is_invented_where_enough_remain() -> None:
    """A replica that goes without a successor was removed, as in a scale-down."""
    run, _ = restarted(servers=SERVERS[:2], new=NEW[:1], heals=True)
    assert pairs(seen_in(run.summary(), 2)) == [("server-b", "server-d")]
    run, _ = restarted(servers=(*SERVERS, "server-x"), new=(*NEW, "server-f"), heals=True)
    assert len(seen_in(run.summary(), 4)) == 3
    scaled_down = without_starts(restarted()[0].summary())
    assert pairs(seen_in(scaled_down, None)) == [("server-b", None), ("server-c", None)]


def test_start_in_the_run_makes_a_replica_new() -> None:
    """A replica whose server started during the run came then, and did not just answer late."""
    run = Run()
    for index in range(30):
        run.connect(SERVERS[index % 2], index / 30)
    run.start("server-c", 12.0)
    run.connect("server-c", 13.5)
    (one,) = seen_in(run.summary())
    assert (one.old, one.new) == (None, "server-c")
    assert one.ready_unix_seconds == pytest.approx(START + 13.5, abs=0.3)


def test_name_beyond_the_number_of_replicas_is_new() -> None:
    """A replica that was added during the run replaces nobody."""
    run, _ = restarted("server.replicas=2", servers=SERVERS[:1], new=[])
    for index in range(40):
        run.connect("server-x", 12.0 + index / 4)
    (one,) = seen_in(run.summary(), replicas=1)
    assert (one.old, one.new) == (None, "server-x")
    assert one.ended_unix_seconds is None
    assert one.began_unix_seconds == one.ready_unix_seconds == START + 12


@pytest.mark.parametrize(
    "given", [{}, {"heals": True}, {"keeps": False}], ids=["pinned", "healed", "per-request"]
)
def test_inferred_restart_gets_the_verdict_of_an_announced_one(given: dict[str, Any]) -> None:
    """The logs alone lead to the same finding as knowing of the restart."""
    run, announced = restarted("experiment.expect=any", users=300, **given)
    made = run.summary()
    known = judge(made, SERVERS, [], announced)
    found = judge(made, sorted(made.pods), [], seen_in(made))
    assert found.finding is known.finding
    assert found.effect is not None
    assert known.effect is not None
    assert found.effect.survivors == known.effect.survivors
    assert "connections of the stopped" not in found.words
    after = found.effect.phase(PhaseName.AFTER)
    assert after is not None
    assert len(after.rows) == 3


@pytest.mark.parametrize("given", [{}, {"heals": True}], ids=["pinned", "healed"])
def test_restart_whose_stopped_replica_drains_is_one_restart(given: dict[str, Any]) -> None:
    """Late answers of a stopped replica move its end, and invent no other replica."""
    run, announced = restarted(**given)
    for index in range(8):
        run.connect("server-b", STOP_SECONDS + index / 4)
    found = seen_in(run.summary())
    assert {one.old for one in found} == {one.old for one in announced}
    assert len(found) == 2


def answered(story: list[tuple[float, str]]) -> Timeline:
    """Make the timeline of answers, each on its own connection."""
    timeline = Timeline(1.0)
    for at, pod in story:
        for series in ("opened", "answered", "closed"):
            timeline.add(series, pod, START + at)
    return timeline


def inferred(timeline: Timeline, replicas: int) -> list[Change]:
    """Infer the restarts from a timeline, as if servers did not say when they started."""
    told = history(timeline)
    return changes_seen(told, {name: pod_of() for name in told.replicas()}, replicas)


def random_balancing(rng: random.Random) -> list[tuple[float, str]]:
    """Make a run in which each answer comes from a random replica."""
    answers = rng.choice([30, 100, 400])
    return [(30 * index / answers, rng.choice(SERVERS)) for index in range(answers)]


def few_slow_users(rng: random.Random) -> list[tuple[float, str]]:
    """Make a run of few users, each of whom stays with a replica and waits a minute per answer."""
    story = []
    for _ in range(rng.randint(2, 12)):
        pod, at = rng.choice(SERVERS), rng.uniform(0, 8)
        while at < 240:
            at += rng.uniform(20, 60)
            story.append((at, pod))
            at += rng.uniform(1, 3)
    return story


def one_request_each(rng: random.Random) -> list[tuple[float, str]]:
    """Make the seed's run: every user asks once, and the answers arrive over forty seconds."""
    return [(rng.uniform(20, 60), rng.choice(SERVERS)) for _ in range(150)]


@pytest.mark.parametrize("tell", [random_balancing, few_slow_users, one_request_each])
def test_run_without_a_restart_has_none(
    tell: Callable[[random.Random], list[tuple[float, str]]],
) -> None:
    """None of 2,000 runs without a restart is said to have had one.

    Six silences of a run count: at its start and at its end, for each of three replicas. By chance
    each is that long in one of e^20 cases. In 2,000 runs that makes 0.00003, so a single one is a
    defect.
    """
    rng = random.Random(20_261_127)
    for _ in range(RUNS):
        assert inferred(answered(tell(rng)), 3) == []


@pytest.mark.parametrize(
    ("missed", "found"), [(MISSED - 1, 0), (MISSED, 1)], ids=["less", "enough"]
)
def test_silence_counts_from_twenty_missed_answers_on(missed: int, found: int) -> None:
    """A replica with half of the answers is gone once the others have given twenty more."""
    story = [(float(index // 2), SERVERS[index % 2]) for index in range(40)]
    story += [(20.0 + index / 10, SERVERS[0]) for index in range(2 * missed)]
    assert len(inferred(answered(story), 2)) == found


@pytest.mark.parametrize(
    "pods", [dict.fromkeys(SERVERS, 30), {"server-a": 5}, {}], ids=["even", "one", "nothing"]
)
def test_plain_runs_have_no_restart(pods: dict[str, int]) -> None:
    """An undisturbed run, or one without answers, has none."""
    assert seen_in(plain(pods)) == []


def test_replacements_are_paired_in_order_of_time() -> None:
    """In a rolling restart the first to come replaces the first to go."""
    story = []
    for index in range(900):
        at = index / 30
        crew = ["x", "y", "z"] if at < 10 else ["x", "y", "p"] if at < 20 else ["x", "q", "p"]
        story.append((at, crew[index % 3]))
    found = inferred(answered(story), 3)
    assert pairs(found) == [("z", "p"), ("y", "q")]
    assert found[0].began_unix_seconds < found[1].began_unix_seconds


def test_finding_needs_the_names_of_new_replicas_only() -> None:
    """An inferred replacement is judged like any other, although nobody saw it."""
    run, _ = restarted("experiment.expect=pinned")
    made = run.summary()
    verdict = judge(made, sorted(made.pods), [], seen_in(made))
    assert verdict.passed
    assert verdict.judged is not None
    assert verdict.judged.spread.counts == {"server-a": 60, "unseen-1": 0, "unseen-2": 0}
