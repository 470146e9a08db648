"""The verdict: every finding, against each expectation, in words that name the numbers."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from long_lived.client.errors import ErrorKind
from long_lived.client.summary import merge
from long_lived.lab.phases import PhaseName
from long_lived.lab.replacement import Replacement
from long_lived.lab.verdict import Finding, Verdict, judge

from .runs import NEW, SERVERS, START, STOP_SECONDS, Run, plain, restarted

EXPECTATIONS = ("even", "pinned", "any")


def judged(made: dict[str, Any] | None, *problems: str) -> Verdict:
    """Judge a run of three replicas without a restart."""
    return judge(made, SERVERS, problems)


def judged_restart(*overrides: str, end: float = 30.0, **given: Any) -> Verdict:
    """Judge a run with a restart."""
    run, replacements = restarted(*overrides, end=end, **given)
    return judge(run.summary(end), SERVERS, [], replacements)


RUNS: dict[str, tuple[Finding, Callable[[str], Verdict]]] = {
    "even": (
        Finding.EVEN,
        lambda expect: judged(plain(dict(zip(SERVERS, (33, 30, 36), strict=True)), expect)),
    ),
    "even-again": (Finding.EVEN, lambda expect: judged_restart(expect, heals=True)),
    "even-per-request": (Finding.EVEN, lambda expect: judged_restart(expect, keeps=False)),
    "uneven": (
        Finding.UNEVEN,
        lambda expect: judged(plain(dict(zip(SERVERS, (90, 30, 30), strict=True)), expect)),
    ),
    "uneven-idle": (
        Finding.UNEVEN,
        lambda expect: judged(plain({"server-a": 30, "server-b": 30}, expect)),
    ),
    "pinned": (Finding.PINNED, lambda expect: judged_restart(expect)),
    "too-few": (
        Finding.TOO_FEW,
        lambda expect: judged(plain(dict(zip(SERVERS, (4, 5, 5), strict=True)), expect)),
    ),
    "too-few-after": (Finding.TOO_FEW, lambda expect: judged_restart(expect, users=12)),
    "incomplete": (
        Finding.INCOMPLETE,
        lambda expect: judged(plain(dict.fromkeys(SERVERS, 30), expect), "server-b ended"),
    ),
}


@pytest.mark.parametrize("expect", EXPECTATIONS)
@pytest.mark.parametrize("name", RUNS)
def test_verdict_passes_where_the_finding_is_the_expected_one(name: str, expect: str) -> None:
    """`any` takes all findings but a run that is incomplete; the others take themselves."""
    finding, run = RUNS[name]
    verdict = run(f"experiment.expect={expect}")
    assert verdict.finding is finding
    complete = finding is not Finding.INCOMPLETE
    assert verdict.passed is (complete and expect in ("any", finding))
    assert verdict.words.startswith(finding)
    assert (", as expected: " in verdict.words) is (verdict.passed and expect != "any")
    assert (f", but {expect} was expected: " in verdict.words) is (
        complete and not verdict.passed and expect != "any"
    )


def test_connections_are_judged_and_not_requests() -> None:
    """One connection with nearly all the requests is one connection, and no finding."""
    run = Run("experiment.expect=even")
    held = [run.connect(pod, 0.0) for pod in SERVERS * 10]
    for second in range(1, 1000):
        run.ask(held[0], float(second) / 40)
    verdict = judged(run.summary())
    assert verdict.finding is Finding.EVEN
    assert verdict.spread is not None
    assert verdict.spread.counts == dict.fromkeys(SERVERS, 10)


@pytest.mark.parametrize(
    ("counts", "replicas", "words"),
    [
        ((5, 5, 4), SERVERS, "14 connections over 3 replicas are too few connections to tell"),
        ((900, 0, 0), SERVERS[:1], "one replica has nothing to be compared with"),
    ],
    ids=["few-connections", "one-replica"],
)
def test_where_nothing_can_be_told_the_words_say_why(
    counts: tuple[int, ...], replicas: tuple[str, ...], words: str
) -> None:
    """Too few connections, or nothing to compare with, is no success of an expectation."""
    made = plain({pod: n for pod, n in zip(SERVERS, counts, strict=True) if n})
    verdict = judge(made, replicas)
    assert verdict.words == f"too few, but even was expected: {words}"


def test_five_connections_for_each_replica_are_enough() -> None:
    """One more connection, and the run has a finding."""
    assert judged(plain(dict.fromkeys(SERVERS, 5))).finding is Finding.EVEN


def test_replica_that_only_the_clients_know_is_judged() -> None:
    """Nobody can answer unseen: a name in the summary counts, whether the lab knows it or not."""
    made = plain({"server-a": 60, "server-b": 60, "stranger": 3})
    verdict = judge(made, SERVERS[:2])
    assert verdict.finding is Finding.UNEVEN
    assert verdict.spread is not None
    assert verdict.spread.counts == {"server-a": 60, "server-b": 60, "stranger": 3}


FULL = dict.fromkeys(SERVERS, 33)


def unbalanced() -> dict[str, Any]:
    """Make a summary whose account does not add up, as only a defect of the client would."""
    made = plain(FULL)
    made["requests"]["planned"] += 1
    return made


INCOMPLETE: dict[str, tuple[Callable[[], Verdict], str]] = {
    "lab-problem": (
        lambda: judged(plain(FULL), "server-b ended in the middle of the run"),
        "server-b ended in the middle of the run",
    ),
    "two-problems": (lambda: judged(plain(FULL), "one", "two"), "one; two"),
    "client-problem": (
        lambda: judged(plain(FULL, problem="only 3 of 9 virtual users started")),
        "only 3 of 9 virtual users started",
    ),
    "stopped": (
        lambda: judged(plain(FULL, stopped_by="SIGTERM")),
        "a client was stopped by SIGTERM",
    ),
    "unbalanced": (lambda: judged(unbalanced()), "100 planned are not 99 answered + 0 failed"),
    "too-many-failed": (
        lambda: judged(
            plain(FULL, failed={ErrorKind.CONNECTION_LOST: 1, ErrorKind.READ_TIMEOUT: 1})
        ),
        "2 of 101 requests failed (1 connection_lost, 1 read_timeout), more than "
        "experiment.maxFailedRatio = 0.01 allows",
    ),
    "too-many-failed-later": (
        lambda: failing(restart=50, later=19),
        "19 of 1,869 requests failed, not counting those at the restart "
        "(50 connection_lost, 19 read_timeout), more than experiment.maxFailedRatio = 0.01 allows",
    ),
    "no-answer": (
        lambda: judged(plain({}, failed={ErrorKind.CONNECT_REFUSED: 5})),
        "no request was answered",
    ),
    "nothing-planned": (lambda: judged(plain({})), "no request was answered"),
    "no-replica": (lambda: judge(plain({}), []), "no request was answered"),
    "no-summary": (
        lambda: judged(None, "server-b did not start"),
        "server-b did not start",
    ),
    "no-summary-no-problem": (
        lambda: judged(None),
        "the run was stopped before the clients started",
    ),
    "never-ready": (
        lambda: never_ready(),
        "the run ended before all replacements were ready",
    ),
    "ended-in-the-restart": (
        lambda: judged_restart(end=11.0),
        "the run ended before all replacements were ready",
    ),
}


def failing(restart: int, later: int) -> Verdict:
    """Judge a run in which requests failed at the restart, and others after it."""
    run, replacements = restarted("experiment.expect=any", lost=restart)
    run.fail(ErrorKind.READ_TIMEOUT, 20.0, later)
    return judge(run.summary(), SERVERS, [], replacements)


def never_ready() -> Verdict:
    """Judge a run whose second replacement never was ready."""
    run, replacements = restarted("experiment.expect=any")
    replacements[1].ready_unix_seconds = None
    return judge(run.summary(), SERVERS, [], replacements)


@pytest.mark.parametrize("name", INCOMPLETE)
def test_incomplete_run_says_why_and_concludes_nothing(name: str) -> None:
    """Whatever a run did not do as planned is a reason to conclude nothing, in words."""
    run, why = INCOMPLETE[name]
    verdict = run()
    assert verdict.finding is Finding.INCOMPLETE
    assert not verdict.passed
    assert verdict.words == f"incomplete: {why}"


def test_reasons_are_told_together() -> None:
    """A run that fell short in several ways says all of them."""
    made = plain(FULL, stopped_by="SIGINT", problem="too many open files")
    assert judged(made, "server-b ended").words == (
        "incomplete: server-b ended; too many open files; a client was stopped by SIGINT"
    )


def test_few_failures_are_allowed() -> None:
    """One request in a hundred may fail, as experiment.maxFailedRatio says."""
    assert judged(plain(FULL, failed={ErrorKind.READ_TIMEOUT: 1})).finding is Finding.EVEN
    made = plain(FULL, "experiment.maxFailedRatio=0", failed={ErrorKind.READ_TIMEOUT: 1})
    assert judged(made).finding is Finding.INCOMPLETE


def test_failures_at_the_restart_do_not_make_it_incomplete() -> None:
    """What a restart costs is what is measured: only what failed at other times counts."""
    assert failing(restart=500, later=0).finding is Finding.PINNED
    assert failing(restart=500, later=18).finding is Finding.PINNED


def test_incomplete_restart_still_has_its_phases() -> None:
    """What was measured until the end of an incomplete run is kept."""
    verdict = judged_restart(end=11.0)
    assert verdict.aftermath is not None
    assert [phase.name for phase in verdict.aftermath.phases] == [
        PhaseName.BEFORE,
        PhaseName.DURING,
    ]
    assert verdict.aftermath.orphaned == 40


def test_pinned_words_name_the_numbers() -> None:
    """Who answers how much, who is idle, who holds how many connections, and where they were."""
    assert judged_restart("experiment.expect=pinned").words == (
        "pinned, as expected: server-a answers 100% of the requests: 2 of 3 replicas are idle. "
        "It holds 60 of 60 connections, 20 ± 4 would be chance. Of the 40 connections of the "
        "replaced replicas 40 went to server-a, and none has moved since. "
        "Not even again within this run"
    )


def test_pinned_words_where_replacements_get_a_little() -> None:
    """A replacement that is not idle has its share told, and connections that moved, too."""
    run, replacements = restarted("experiment.expect=pinned", users=120)
    for index in range(16):
        connection = run.connect(NEW[index % 2], 13.0)
        for second in range(14, 30):
            run.ask(connection, float(second))
    run.hang_up(run.connect("server-a", 13.0), 14.0)
    words = judge(run.summary(), SERVERS, [], replacements).words
    assert "server-a answers 89% of the requests, the 2 replacements answer 11% " in words
    assert "instead of 67%. It holds 120 of 136 connections, 45 ± 5 would be chance. " in words
    assert "went to server-a, and 1 has moved since" in words


def test_one_idle_replacement_is_one() -> None:
    """The words are right for a single replica, too."""
    run, replacements = restarted("experiment.expect=pinned", servers=SERVERS[:2], new=NEW[:1])
    words = judge(run.summary(), SERVERS[:2], [], replacements).words
    assert "server-a answers 100% of the requests: 1 of 2 replicas is idle." in words


def test_pinned_words_without_kept_connections_tell_of_those_opened() -> None:
    """Where each request has its own connection nobody holds any: they were got."""
    run, replacements = restarted("experiment.expect=any", keeps=False, end=READY)
    for index in range(600):
        at = READY + index / 40
        run.hang_up(run.connect("server-a", at), at)
    words = judge(run.summary(), SERVERS, [], replacements).words
    assert words.startswith("pinned: server-a answers 100% of the requests: 2 of 3 replicas are")
    assert ". It got 590 of 590 connections, 197 ± 11 would be chance. Not even again" in words


READY = 12.0


@pytest.mark.parametrize(
    ("given", "when"),
    [({"heals": True}, "4.5 s after the first stop"), ({"keeps": False}, "2.0 s after the first")],
    ids=["healed", "per-request"],
)
def test_even_words_tell_when_it_was_reached(given: dict[str, Any], when: str) -> None:
    """A run that is even again says since when, and what the replacements answer."""
    words = judged_restart(**given).words
    assert f"within chance of uniform again {when}" in words
    assert "the 2 replacements answer 6" in words
    assert words.endswith("% of the requests, 67% is fair")


def test_even_words_at_once() -> None:
    """Where the connections were never seen uneven the words say so."""
    run = Run("experiment.expect=even")
    for second in range(30):
        crew = SERVERS if second < STOP_SECONDS else (SERVERS[0], *NEW)
        for index in range(30):
            run.hang_up(run.connect(crew[index % 3], second + index / 30), second + index / 30)
    replacements = [
        Replacement(START + STOP_SECONDS, old, START + STOP_SECONDS, new, START + STOP_SECONDS)
        for old, new in zip(SERVERS[1:], NEW, strict=True)
    ]
    words = judge(run.summary(), SERVERS, [], replacements).words
    assert "within chance of uniform again at once; " in words


def test_even_words_do_not_claim_what_the_end_contradicts() -> None:
    """A run that is even on the whole, but odd in its last second, is not called even at once."""
    run, replacements = restarted("experiment.expect=even", keeps=False, end=29.0)
    for index in range(50):
        run.hang_up(run.connect("server-a", 29.0 + index / 50), 29.0 + index / 50)
    verdict = judge(run.summary(), SERVERS, [], replacements)
    assert verdict.finding is Finding.EVEN
    assert verdict.aftermath is not None
    assert verdict.aftermath.seconds_to_even is None
    assert "again on the whole, though not at the very end; " in verdict.words


def test_uneven_words_name_who_got_most() -> None:
    """An odd spread without a restart names the replica, its share, and how rare that is."""
    made = plain({"server-a": 90, "server-b": 30, "server-c": 30})
    assert judged(made).words == (
        "uneven, but even was expected: server-a got 60% of the connections; "
        "chance does that less than once in 1000 runs"
    )


def test_uneven_words_after_a_restart_tell_who_holds_most() -> None:
    """A survivor that has less than its share is uneven, and no replacement is pinned."""
    run, replacements = restarted("experiment.expect=any", heals=True)
    for index in range(200):
        run.connect(NEW[index % 2], 20.0)
    words = judge(run.summary(), SERVERS, [], replacements).words
    assert words.startswith("uneven: server-d holds 46% of the connections; ")


def test_several_survivors_are_named_or_counted() -> None:
    """Two survivors are named, more are counted."""
    for survivors, named in ((2, "server-a and server-b"), (3, "the 3 survivors")):
        servers = [f"server-{letter}" for letter in "abcd"][: survivors + 1]
        run = Run("experiment.expect=any")
        for index in range(40 * len(servers)):
            pod = servers[index % len(servers)]
            connection = run.connect(pod, 0.5)
            if pod == servers[-1]:
                run.hang_up(connection, 10.5)
                connection = run.connect(servers[index % survivors], 10.6)
            for second in range(13, 30):
                run.ask(connection, float(second))
        replacements = [Replacement(START + 10, servers[-1], START + 10.5, "new", START + 12)]
        verdict = judge(run.summary(), servers, [], replacements)
        assert f"Of the 40 connections of the replaced replicas 40 went to {named}, " in (
            verdict.words
        )


def test_two_clients_are_judged_as_one_run() -> None:
    """What counts is the sum of the clients: halves that are odd may make an even whole."""
    halves = [plain({"server-a": 40, "server-b": 10}), plain({"server-a": 10, "server-b": 40})]
    assert [judge(half, SERVERS[:2]).finding for half in halves] == [Finding.UNEVEN] * 2
    assert judge(merge(halves), SERVERS[:2]).finding is Finding.EVEN


def test_random_runs_without_a_restart_are_even() -> None:
    """Connections that are balanced at random have the finding that nearly all runs must have."""
    rng = random.Random(11)
    for _ in range(20):
        run = Run()
        for _ in range(150):
            run.hang_up(run.connect(rng.choice(SERVERS), 1.0), 2.0)
        assert judged(run.summary()).finding is Finding.EVEN
