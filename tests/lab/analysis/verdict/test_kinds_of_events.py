"""What the verdict says of each kind of event, which it knows only from what happened."""

from collections.abc import Mapping, Sequence

from tests.lab.runs import LOAD_SECONDS, SERVERS, START, Run

from long_lived.lab.analysis.events.change import Change
from long_lived.lab.analysis.verdict import Finding, Verdict, history_of, judge
from long_lived.lab.logs.saved import UNSEEN, changes_seen

USERS = 300
MANY = 600
BEGIN = 10.0


def judged(
    changes: Sequence[Change],
    moves: Mapping[str, Sequence[tuple[float, str]]],
    *overrides: str,
    servers: Sequence[str] = SERVERS,
) -> Verdict:
    """Judge a run with kept connections, where users take turns with `servers`.

    `moves` says when a replica's users go where; moves of the same time take turns.
    """
    return judge(run_of(moves, *overrides, servers=servers).summary(), servers, [], changes)


def run_of(
    moves: Mapping[str, Sequence[tuple[float, str]]],
    *overrides: str,
    servers: Sequence[str] = SERVERS,
) -> Run:
    """Make that run."""
    run = Run("experiment.expect=any", *overrides)
    for user in range(USERS):
        at, pod = user / USERS, servers[user % len(servers)]
        connection = run.connect(pod, at)
        while (at := at + 1) < LOAD_SECONDS:
            wave = [one for one in moves.get(pod, ()) if one[0] <= at]
            if wave:
                run.hang_up(connection, at)
                pod = wave[user // len(servers) % len(wave)][1]
                connection = run.connect(pod, at)
            else:
                run.ask(connection, at)
    return run


FIVE = (*SERVERS, "server-d", "server-e")
ADDED = [Change(START + BEGIN, None, None, name, START + 12) for name in ("server-d", "server-e")]


def test_scale_up_moves_nothing_that_is_kept() -> None:
    """New replicas to which nobody opens anything hold no connections."""
    found = judged(ADDED, {})
    assert found.words == (
        "pinned: 2 new replicas got 0 of 300 connections, 120 would be fair: a scale-up moves "
        "nothing that is kept. server-a holds 100, 60 ± 7 would be chance. Not even again within "
        "this run"
    )
    assert found.effect is not None
    assert (found.effect.stopped, found.effect.came) == ([], ["server-d", "server-e"])
    assert (found.effect.orphaned, found.effect.inherited) == (0, 0)
    assert found.effect.survivors == list(SERVERS)


def test_scale_up_heals_where_connections_are_reopened() -> None:
    """Where every connection is reopened, new replicas answer their share."""
    run = Run("experiment.expect=any")
    for user in range(MANY):
        connection = run.connect(SERVERS[user % 3], user / MANY)
        for second in range(1, int(LOAD_SECONDS)):
            at = second + user / MANY
            if second == 13:
                run.hang_up(connection, at)
                connection = run.connect(FIVE[user % 5], at)
            else:
                run.ask(connection, at)
    found = judge(run.summary(), SERVERS, [], ADDED)
    assert found.finding is Finding.EVEN
    assert "after the event began; the 2 new replicas answer 3" in found.words
    assert found.words.endswith("% of the requests, 40% is fair")


REMOVED = [
    Change(START + BEGIN, name, START + 11.5, for_good=True) for name in ("server-d", "server-e")
]


def test_scale_down_leaves_an_even_load() -> None:
    """What the removed replicas held is reopened at random on those left."""
    moves = {gone: [(BEGIN, name) for name in SERVERS] for gone in FIVE[3:]}
    found = judged(REMOVED, moves, servers=FIVE)
    assert found.words == (
        "even: the connections held are within chance of uniform all along; of the 120 connections "
        "of the 2 that went for good 120 were opened anew on the 3 left"
    )
    assert found.effect is not None
    assert (found.effect.crew, found.effect.came) == (list(SERVERS), [])
    assert found.effect.finished


def test_scale_down_is_over_only_when_all_have_gone() -> None:
    """A replica that is still draining at the end makes the run incomplete."""
    never = [Change(START + BEGIN, "server-e", for_good=True)]
    found = judged(never, {"server-e": [(BEGIN, "server-a")]}, servers=FIVE)
    assert found.words == "incomplete: the run ended before the event was over"


def test_crash_empties_a_replica_that_keeps_its_name() -> None:
    """It comes back under its name, without the connections it held."""
    crashed = [Change(START + BEGIN, name, START + BEGIN, name, START + 12) for name in SERVERS[1:]]
    found = judged(crashed, {name: [(BEGIN, "server-a")] for name in SERVERS[1:]})
    assert found.words.startswith(
        "pinned: 2 of 3 replicas restarted under their names and are idle: they hold 0 of 300 "
        "connections, 200 would be fair, because others hold what was opened before. server-a "
        "holds 300, 100 ± 8 would be chance. Of the 200 connections of the stopped replicas 200 "
        "went to server-a, and none has moved since."
    )


LAST = ("server-d", "server-e", "server-f")


def rolled_out() -> list[Change]:
    """Make the changes of a rollout in which a new replica is ready before each old one goes."""
    changes = []
    for index, (old, new) in enumerate(zip(SERVERS, LAST, strict=True)):
        at = START + BEGIN + 2 * index
        changes.append(Change(at, None, None, new, at + 1))
        changes.append(Change(at + 1, old, at + 1.8, for_good=True))
    return changes


def test_first_of_a_rollout_ends_with_most() -> None:
    """A new replica gets only what opens after it came: the first most, the last least."""
    moves = {
        "server-a": [(11.0, name) for name in ("server-b", "server-c", "server-d")],
        "server-b": [(13.0, name) for name in ("server-c", "server-d", "server-e")],
        "server-c": [(15.0, name) for name in LAST],
    }
    found = judged(rolled_out(), moves)
    assert found.finding is Finding.PINNED
    assert found.effect is not None
    assert (found.effect.survivors, found.effect.came) == ([], [*LAST])
    assert found.judged is not None
    held = found.judged.spread.counts
    assert found.words == (
        "pinned: all 3 replicas were replaced in turn: server-d, ready first, holds "
        f"{held['server-d']} of 300 connections, server-f, ready last, {held['server-f']}, 100 ± 8 "
        "would be chance: each gets only what is opened after it came. Not even again within this "
        "run"
    )
    assert held["server-d"] > held["server-e"] > held["server-f"]


def test_scale_events_are_inferred_from_the_answers() -> None:
    """A name that appears was added; one that disappears was removed if the plan says so."""
    moves = {gone: [(BEGIN, name) for name in SERVERS] for gone in FIVE[3:]}
    made = run_of(moves, servers=FIVE).summary()
    removed = changes_seen(history_of(made), made.pods, 5, 3)
    assert [(one.old, one.new, one.for_good) for one in removed] == [
        ("server-d", None, True),
        ("server-e", None, True),
    ]
    unseen = changes_seen(history_of(made), made.pods, 5)
    assert [one.new for one in unseen] == [f"{UNSEEN}1", f"{UNSEEN}2"]
