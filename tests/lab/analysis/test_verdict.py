"""The verdict: every finding, against each expectation, in words that name the numbers."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from tests.lab.runs import (
    NEW,
    READY_SECONDS,
    SERVERS,
    START,
    STOP_SECONDS,
    Run,
    changed,
    own_counts,
    plain,
    restarted,
    scaled,
)

from long_lived.lab.analysis.events.latecomers import SERVICE_LAG_SECONDS
from long_lived.lab.analysis.events.phases import PhaseName
from long_lived.lab.analysis.events.replacement import Replacement
from long_lived.lab.analysis.judged import Unit
from long_lived.lab.analysis.verdict import Finding, Verdict, judge
from long_lived.record.error_kind import ErrorKind
from long_lived.record.merge import merge
from long_lived.record.summary import Summary

EXPECTATIONS = ("even", "pinned", "any")


def judged(made: Summary | None, *problems: str) -> Verdict:
    """Judge a run of three replicas without a restart."""
    return judge(made, SERVERS, problems)


def judged_restart(*overrides: str, end: float = 30.0, **given: Any) -> Verdict:
    """Judge a run with a restart."""
    run, replacements = restarted(*overrides, end=end, **given)
    return judge(run.summary(end), SERVERS, [], replacements)


RUNS: dict[str, tuple[Finding, Callable[[str], Verdict]]] = {
    "even": (
        Finding.EVEN,
        lambda expect: judged(plain(dict(zip(SERVERS, (66, 60, 72), strict=True)), expect)),
    ),
    "even-again": (Finding.EVEN, lambda expect: judged_restart(expect, users=210, heals=True)),
    "even-per-request": (
        Finding.EVEN,
        lambda expect: judged_restart(expect, users=210, keeps=False),
    ),
    "even-too-little-to-matter": (
        Finding.EVEN,
        lambda expect: judge(
            scaled(plain(dict(zip(SERVERS, (98, 100, 102), strict=True)), expect), 1_000), SERVERS
        ),
    ),
    "uneven": (
        Finding.UNEVEN,
        lambda expect: judged(plain(dict(zip(SERVERS, (90, 30, 30), strict=True)), expect)),
    ),
    "uneven-by-eleven-percent": (
        Finding.UNEVEN,
        lambda expect: judge(
            scaled(plain(dict(zip(SERVERS, (89, 105, 106), strict=True)), expect), 1_000), SERVERS
        ),
    ),
    "uneven-idle": (
        Finding.UNEVEN,
        lambda expect: judged(plain({"server-a": 30, "server-b": 30}, expect)),
    ),
    "pinned": (Finding.PINNED, lambda expect: judged_restart(expect)),
    "too-few": (
        Finding.TOO_FEW,
        lambda expect: judged(plain(dict(zip(SERVERS, (60, 65, 65), strict=True)), expect)),
    ),
    "too-few-though-all-on-one": (
        Finding.TOO_FEW,
        lambda expect: judge(plain({"server-a": 10}, expect), SERVERS[:2]),
    ),
    "too-few-after": (
        Finding.TOO_FEW,
        lambda expect: judged_restart(expect, users=90, heals=True),
    ),
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
    held = [run.connect(pod, 0.0) for pod in SERVERS * 70]
    for second in range(1, 1000):
        run.ask(held[0], float(second) / 40)
    verdict = judged(run.summary())
    assert verdict.finding is Finding.EVEN
    assert verdict.judged is not None
    assert verdict.judged.unit is Unit.HELD
    assert verdict.judged.spread.counts == dict.fromkeys(SERVERS, 70)


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (
            lambda: judged(plain(dict.fromkeys(SERVERS, 5))),
            "15 connections opened over 3 replicas are too few to tell: 191 would show a replica "
            "with half its share; raise client.requestsPerUser or client.concurrency",
        ),
        (
            lambda: judged(plain(dict.fromkeys(SERVERS, 5), "client.durationSeconds=30")),
            "15 connections opened over 3 replicas are too few to tell: 191 would show a replica "
            "with half its share; raise client.durationSeconds or client.concurrency",
        ),
        (
            lambda: judged(held("client.concurrency=10", "client.parallelism=2")),
            "15 connections held over 3 replicas are too few to tell: 191 would show a replica "
            "with half its share; set client.concurrency to 128",
        ),
        (
            lambda: judge(plain({"server-a": 900}), SERVERS[:1]),
            "one replica has nothing to be compared with",
        ),
    ],
    ids=["opened", "opened-by-duration", "held", "one-replica"],
)
def test_where_nothing_can_be_told_the_words_say_what_would_help(
    run: Callable[[], Verdict], words: str
) -> None:
    """Too few connections, or nothing to compare with, is no success of an expectation."""
    assert run().words == f"too few, but even was expected: {words}"


def held(*overrides: str, each: int = 5) -> Summary:
    """Return the summary of a run in which so many connections to each replica are kept."""
    run = Run(*overrides)
    for pod in SERVERS * each:
        connection = run.connect(pod, 0.5)
        run.ask(connection, 20.0)
    return run.summary()


def test_replica_that_only_the_clients_know_is_judged() -> None:
    """Nobody can answer unseen: a name in the summary counts, whether the lab knows it or not."""
    made = plain({"server-a": 60, "server-b": 60, "stranger": 3})
    verdict = judge(made, SERVERS[:2])
    assert verdict.finding is Finding.UNEVEN
    assert verdict.judged is not None
    assert verdict.judged.spread.counts == {"server-a": 60, "server-b": 60, "stranger": 3}


FULL = dict.fromkeys(SERVERS, 70)


def unbalanced(by: int) -> Summary:
    """Make a summary whose account does not add up, as only a defect of the client would."""
    return changed(plain(FULL), requests__planned=210 + by)


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
    "too-few-ends": (lambda: judged(unbalanced(1)), "211 planned are not 210 answered + 0 failed"),
    "too-many-ends": (
        lambda: judged(unbalanced(-1)),
        "209 planned are not 210 answered + 0 failed",
    ),
    "too-many-failed": (
        lambda: judged(
            plain(FULL, failed={ErrorKind.CONNECTION_LOST: 2, ErrorKind.READ_TIMEOUT: 1})
        ),
        "3 of 213 requests failed (2 connection_lost, 1 read_timeout), more than "
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
    "nobody-left": (
        lambda: judge(plain({"server-a": 60}), SERVERS[:1], [], [gone()]),
        "no replica is known",
    ),
    "no-summary": (
        lambda: judged(None, "server-b did not start"),
        "server-b did not start",
    ),
    "no-summary-two-problems": (lambda: judged(None, "one", "two"), "one; two"),
    "no-summary-no-problem": (
        lambda: judged(None),
        "the run was stopped before the clients started",
    ),
    "never-ready": (
        lambda: never_ready(),
        "the run ended before all replacements were ready",
    ),
    "never-ready-and-a-problem": (
        lambda: never_ready("server-b was killed"),
        "server-b was killed; the run ended before all replacements were ready",
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


def gone() -> Replacement:
    """Say that a replica was stopped, and that none came in its place."""
    return Replacement(START + 20, "server-a", START + 20, None, START + 20)


def never_ready(*problems: str) -> Verdict:
    """Judge a run whose second replacement never was ready."""
    run, replacements = restarted("experiment.expect=any")
    replacements[1].ready_unix_seconds = None
    return judge(run.summary(), SERVERS, problems, replacements)


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
    assert judged(plain(FULL, failed={ErrorKind.READ_TIMEOUT: 2})).finding is Finding.EVEN
    exactly = plain(dict.fromkeys(SERVERS, 66), failed={ErrorKind.READ_TIMEOUT: 2})
    assert (exactly.requests.planned, judged(exactly).finding) == (200, Finding.EVEN)
    made = plain(FULL, "experiment.maxFailedRatio=0", failed={ErrorKind.READ_TIMEOUT: 1})
    assert judged(made).finding is Finding.INCOMPLETE


def test_failures_at_the_restart_do_not_make_it_incomplete() -> None:
    """What a restart costs is what is measured: only what failed at other times counts."""
    assert failing(restart=500, later=0).finding is Finding.PINNED
    assert failing(restart=500, later=18).finding is Finding.PINNED


def test_incomplete_restart_still_has_its_phases() -> None:
    """What was measured until the end of an incomplete run is kept, and nothing is judged."""
    verdict = judged_restart(end=11.0)
    assert (verdict.judged, verdict.evidence) == (None, "")
    assert verdict.effect is not None
    assert [phase.name for phase in verdict.effect.phases] == [
        PhaseName.BEFORE,
        PhaseName.DURING,
    ]
    assert verdict.effect.orphaned == 40


def test_failures_are_charged_to_the_time_at_which_they_were_sent() -> None:
    """A connect that begins during the restart, and times out half a minute later, is its cost.

    So is one to an address that the Service still had after the replacement was ready.
    """
    for sent in (STOP_SECONDS + 1, READY_SECONDS + 3):
        run, replacements = restarted("experiment.expect=any")
        run.fail(ErrorKind.CONNECT_TIMEOUT, 29.0, 100, sent=sent)
        assert judge(run.summary(), SERVERS, [], replacements).finding is Finding.PINNED
    run, replacements = restarted("experiment.expect=any")
    run.fail(
        ErrorKind.CONNECT_TIMEOUT, 29.0, 100, sent=STOP_SECONDS + 0.5 + SERVICE_LAG_SECONDS + 1
    )
    assert judge(run.summary(), SERVERS, [], replacements).finding is Finding.INCOMPLETE
    run, replacements = restarted("experiment.expect=any")
    run.fail(ErrorKind.CONNECT_TIMEOUT, STOP_SECONDS - 1, 100, sent=STOP_SECONDS - 5)
    assert judge(run.summary(), SERVERS, [], replacements).finding is Finding.INCOMPLETE


def test_pinned_words_name_the_numbers() -> None:
    """Who came later and holds how little, who holds how much, and where that came from."""
    verdict = judged_restart("experiment.expect=pinned")
    assert verdict.words == (
        "pinned, as expected: 2 of 3 replicas came later and are idle: they hold 0 of 60 "
        "connections, 40 would be fair, because others hold what was opened before. server-a "
        "holds 60, 20 ± 4 would be chance. Of the 40 connections of the replaced replicas 40 "
        "went to server-a, and none has moved since. Not even again within this run"
    )
    assert verdict.evidence.startswith("60 connections held at 30.0 s; p = ")
    assert "; furthest off: server-a +200% (+1" in verdict.evidence
    assert verdict.evidence.endswith("; noticed 9 times in 10: one replica 89% below its share")


def test_pinned_words_where_replacements_get_a_little() -> None:
    """A replacement that is not idle has its share told, and connections that moved, too."""
    run, replacements = restarted("experiment.expect=pinned", users=120)
    for index in range(40):
        connection = run.connect(NEW[index % 2], 13.0)
        for second in range(14, 30):
            run.ask(connection, float(second))
    run.hang_up(run.connect("server-a", 13.0), 14.0)
    words = judge(run.summary(), SERVERS, [], replacements).words
    assert "2 of 3 replicas came later and are at half: they hold 40 of 160 connections" in words
    assert "107 would be fair" in words
    assert "server-a holds 120, 53 ± 6 would be chance. " in words
    assert "went to server-a, and 1 has moved since" in words


def test_replacements_that_get_nothing_new_either_are_not_pinned() -> None:
    """Where new connections pass them by as well, the older ones are not the reason."""
    run, replacements = restarted("experiment.expect=any")
    for index in range(300):
        run.ask(run.connect("server-a", READY_SECONDS + 11 + index / 100), 29.0)
    verdict = judge(run.summary(), SERVERS, [], replacements)
    assert verdict.finding is Finding.UNEVEN
    assert (
        "Keep-alive alone does not explain it: of 300 connections opened since server-d and "
        "server-e came, 0 went there. Is the Service the reason?"
    ) in verdict.words


def test_one_idle_replacement_is_one() -> None:
    """The words are right for a single replica, too."""
    run, replacements = restarted("experiment.expect=pinned", servers=SERVERS[:2], new=NEW[:1])
    words = judge(run.summary(), SERVERS[:2], [], replacements).words
    assert "1 of 2 replicas came later and is idle: it holds 0 of 60 connections" in words


def test_nothing_is_pinned_where_nothing_is_kept() -> None:
    """With a connection for each request keep-alive is not the cause, whatever new replicas get."""
    run, replacements = restarted("experiment.expect=any", keeps=False, end=READY_SECONDS)
    for index in range(900):
        at = READY_SECONDS + index / 60
        pod = "server-a" if index % 3 else NEW[index % 2]
        run.hang_up(run.connect(pod, at), at)
    words = judge(run.summary(), SERVERS, [], replacements).words
    assert words.startswith("uneven: server-a got 67% of the connections opened; ")
    assert ". Each request had a connection of its own, so keep-alive is not the cause." in words


@pytest.mark.parametrize(
    ("given", "when"),
    [({"heals": True}, "4.5 s after the first stop"), ({"keeps": False}, "2.5 s after the first")],
    ids=["healed", "per-request"],
)
def test_even_words_tell_when_it_was_reached(given: dict[str, Any], when: str) -> None:
    """A run that is even again says since when, and what the replacements answer."""
    words = judged_restart(users=300, **given).words
    assert f"are within chance of uniform again {when}" in words
    assert "the 2 replacements answer 6" in words
    assert words.endswith("% of the requests, 67% is fair")


@pytest.mark.parametrize(
    ("rate", "when"),
    [(300, "all along"), (30, "in the end (too few at a time to tell since when)")],
    ids=["each-second", "too-few-a-second"],
)
def test_even_words_where_nobody_was_ever_short(rate: int, when: str) -> None:
    """Where the connections were never seen uneven the words say so, if that says anything."""
    run = Run("experiment.expect=even")
    for second in range(30):
        crew = SERVERS if second < STOP_SECONDS else (SERVERS[0], *NEW)
        for index in range(rate):
            run.hang_up(run.connect(crew[index % 3], second + index / rate), second + index / rate)
    replacements = [
        Replacement(START + STOP_SECONDS, old, START + STOP_SECONDS, new, START + STOP_SECONDS)
        for old, new in zip(SERVERS[1:], NEW, strict=True)
    ]
    words = judge(run.summary(), SERVERS, [], replacements).words
    assert f"within chance of uniform {when}; " in words


def test_uneven_words_name_who_got_most() -> None:
    """An odd spread without a restart names the replica, its share, and how rare that is."""
    made = plain({"server-a": 90, "server-b": 30, "server-c": 30})
    assert judged(made).words == (
        "uneven, but even was expected: server-a got 60% of the connections opened; chance does "
        "that less than once in 1,000 runs. Each request had a connection of its own, so "
        "keep-alive is not the cause"
    )


def test_too_little_to_matter_is_told() -> None:
    """An effect that is no chance and below experiment.evenWithin is even, and says what it is."""
    made = scaled(plain(dict(zip(SERVERS, (98, 100, 102), strict=True))), 1_000)
    assert judge(made, SERVERS).words == (
        "even, as expected: the connections opened are up to 2.0% off, more than chance, too "
        "little to matter (experiment.evenWithin)"
    )
    for even_within, finding in ((0.019, Finding.UNEVEN), (0.02, Finding.EVEN)):
        strict = changed(made, settings__experiment__evenWithin=even_within)
        assert judge(strict, SERVERS).finding is finding


def test_uneven_words_after_a_restart_tell_who_holds_most() -> None:
    """A survivor that has less than its share is uneven, and no replacement is pinned."""
    run, replacements = restarted("experiment.expect=any", heals=True)
    for index in range(200):
        run.connect(NEW[index % 2], 20.0)
    words = judge(run.summary(), SERVERS, [], replacements).words
    assert words.startswith("uneven: server-d holds 46% of the connections held; ")


def test_several_survivors_are_named_or_counted() -> None:
    """Two survivors are named, more are counted."""
    for survivors, named in ((2, "server-a and server-b"), (3, "3 replicas")):
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


@pytest.mark.parametrize("told", [True, False], ids=["by-the-lab", "by-the-answers"])
def test_container_that_restarts_in_place_is_seen(told: bool) -> None:
    """It keeps its name, and only the start that its answers name tells that it came later."""
    run = Run("experiment.expect=any")
    for pod in SERVERS:
        run.start(pod, -60.0)
    for index in range(300):
        pod = SERVERS[index % 3]
        connection = run.connect(pod, index / 300)
        if pod != "server-a":
            run.hang_up(connection, 10.0)
            connection = run.connect("server-a", 10.1 + index / 300)
        for second in range(12, 30):
            run.ask(connection, float(second))
    run.start("server-b", 11.5)
    run.start("server-c", 12.5)
    for pod in ("server-b", "server-c"):
        run.ask(run.connect(pod, 14.0), 20.0)
    restarts = [Replacement(START + 10, pod, START + 10, pod, START + 12) for pod in SERVERS[1:]]
    verdict = judge(run.summary(), SERVERS, [], restarts if told else [])
    assert verdict.finding is Finding.PINNED
    assert verdict.words.startswith("pinned: 2 of 3 replicas came later and are idle: they hold 2 ")
    assert verdict.effect is not None
    assert verdict.effect.survivors == ["server-a"]
    assert verdict.effect.replacements == ["server-b", "server-c"]
    assert (verdict.effect.inherited is not None) is told


def test_replacement_that_restarts_in_place_is_seen() -> None:
    """Its first start is its coming, and the next one is an event of its own."""
    run, replacements = restarted("experiment.expect=any", heals=True)
    run.start("server-d", 20.0)
    run.ask(run.connect("server-d", 21.0), 29.0)
    events = judge(run.summary(), SERVERS, [], replacements).events
    assert list(events[:-1]) == replacements
    assert (events[-1].old, events[-1].new) == ("server-d", "server-d")
    assert events[-1].ready_unix_seconds == START + 21.0


def test_what_is_held_is_judged_and_not_what_was_opened() -> None:
    """Connections that were opened evenly, and of which one replica has lost most, are not even."""
    run = Run("experiment.expect=even")
    for index in range(300):
        connection = run.connect(SERVERS[index % 3], index / 300)
        if index % 3 and index < 150:
            run.hang_up(connection, 5.0)
        else:
            for second in range(6, 30):
                run.ask(connection, float(second))
    verdict = judge(run.summary(), SERVERS)
    assert verdict.finding is Finding.UNEVEN
    assert verdict.judged is not None
    assert verdict.judged.spread.counts == {"server-a": 100, "server-b": 50, "server-c": 50}


@pytest.mark.parametrize(
    ("answers", "finding"),
    [((100, 100, 100), Finding.EVEN), ((300, 0, 0), Finding.UNEVEN)],
    ids=["even", "one-does-all"],
)
def test_proxy_that_balances_requests_is_noticed(
    answers: tuple[int, ...], finding: Finding
) -> None:
    """A connection that several pods answer says nothing: then requests are what is judged."""
    run = Run("experiment.expect=any")
    connections = [run.connect(SERVERS[0], 0.5) for _ in range(30)]
    for connection in connections:
        run.ask(connection, 1.0, SERVERS[1])
        run.ask(connection, 1.0, SERVERS[2])
    for pod, count in zip(SERVERS, answers, strict=True):
        for index in range(count):
            run.ask(connections[index % 30], 2.0 + index / 20, pod)
    verdict = judge(run.summary(), SERVERS)
    assert verdict.finding is finding
    assert verdict.judged is not None
    assert verdict.judged.unit is Unit.ANSWERED
    assert verdict.evidence.endswith("judged by requests, which something in between balances")


@pytest.mark.parametrize(
    ("several", "reused", "unit"),
    [(0, 30, Unit.HELD), (1, 100, Unit.ANSWERED), (1, 101, Unit.HELD), (2, 101, Unit.ANSWERED)],
    ids=["none", "one-in-a-hundred", "less", "more"],
)
def test_proxy_is_what_one_in_a_hundred_connections_show(
    several: int, reused: int, unit: Unit
) -> None:
    """A connection that two pods seem to answer is a rare accident, and no proxy."""
    run = Run("experiment.expect=any")
    for index in range(reused):
        connection = run.connect("server-a", 0.5)
        run.ask(connection, 20.0, "server-b" if index < several else "server-a")
    found = judge(run.summary(), SERVERS).judged
    assert found is not None
    assert found.unit is unit


def test_unattributed_connections_limit_what_is_concluded() -> None:
    """Where connections that nobody answered could change the finding, there is none."""
    for nameless, finding in ((3, Finding.EVEN), (80, Finding.INCOMPLETE)):
        run = Run("experiment.expect=even")
        for index in range(210):
            run.ask(run.connect(SERVERS[index % 3], 0.5), 29.0)
        for _ in range(nameless):
            run.connect_in_vain(1.0)
        verdict = judge(run.summary(), SERVERS)
        assert verdict.finding is finding
        assert verdict.judged is not None
        assert verdict.judged.unattributed == nameless
    assert verdict.words == (
        "incomplete: 80 connections held belong to unknown replicas (none answered on them): with "
        "them the finding could be uneven instead of even"
    )


@pytest.mark.parametrize(
    ("counts", "nameless", "could_be"),
    [
        ((60, 80, 70), 25, "uneven instead of even"),
        ((60, 80, 70), 5, None),
        ((100, 50, 100), 50, "even instead of uneven"),
        ((100, 50, 100), 5, None),
    ],
    ids=["fullest", "fullest-by-too-little", "emptiest", "emptiest-by-too-little"],
)
def test_unattributed_connections_could_be_the_fullest_replicas_or_the_emptiest_ones(
    counts: tuple[int, ...], nameless: int, could_be: str | None
) -> None:
    """Whichever replica they make the finding another one with, whatever its name."""
    run = Run("experiment.expect=any")
    for pod, count in zip(SERVERS, counts, strict=True):
        for _ in range(count):
            run.ask(run.connect(pod, 0.5), 29.0)
    for _ in range(nameless):
        run.connect_in_vain(1.0)
    verdict = judge(run.summary(), SERVERS)
    assert (verdict.finding is Finding.INCOMPLETE) is (could_be is not None)
    if could_be:
        assert verdict.words.endswith(f": with them the finding could be {could_be}")


def test_unattributed_connections_are_no_matter_where_the_run_is_incomplete_anyway() -> None:
    """What the finding could be is not told where there is none for another reason."""
    run = Run("experiment.expect=any")
    for index in range(210):
        run.ask(run.connect(SERVERS[index % 3], 0.5), 29.0)
    for _ in range(80):
        run.connect_in_vain(1.0)
    made = run.summary(stopped_by="SIGTERM")
    assert judge(made, SERVERS).words == "incomplete: a client was stopped by SIGTERM"


@pytest.mark.parametrize(
    ("own", "others", "failed", "unexplained"),
    [(70, 0, 0, 0), (70, 9, 0, 0), (69, 0, 0, 1), (72, 0, 0, 2), (72, 0, 2, 0), (73, 0, 2, 1)],
    ids=["same", "others-too", "too-few", "too-many", "failed-on-the-way", "more-than-failed"],
)
def test_servers_counts_are_held_against_the_clients(
    own: int, others: int, failed: int, unexplained: int
) -> None:
    """A difference that no failed request explains means that somebody counts wrong."""
    run = Run("experiment.expect=even")
    for index in range(210):
        at = index / 10
        run.hang_up(run.connect(SERVERS[index % 3], at), at)
    run.fail(ErrorKind.CONNECTION_LOST, 0.1, failed)
    by_client = {"0123456789abcdef": own, "": others}
    told = own_counts(own + others, by_client, "server-a-0")
    counts = {"server-a": told, "server-b": told.model_copy(update={"answered_to": None})}
    verdict = judge(run.summary(), SERVERS, server_counts=counts)
    assert verdict.accounts is not None
    assert [row.replica for row in verdict.accounts.rows] == ["server-a"]
    assert verdict.accounts.rows[0].others == others
    assert verdict.accounts.unexplained == unexplained
    assert (verdict.finding is Finding.INCOMPLETE) is bool(unexplained)
    if unexplained:
        assert verdict.words == (
            f"incomplete: {unexplained} answers are in the servers' counts or in the clients', and "
            "no failed request explains the difference"
        )


def test_two_clients_are_judged_as_one_run() -> None:
    """What counts is the sum of the clients: halves that are odd may make an even whole."""
    halves = [plain({"server-a": 80, "server-b": 20}), plain({"server-a": 20, "server-b": 80})]
    assert [judge(half, SERVERS[:2]).finding for half in halves] == [Finding.UNEVEN] * 2
    assert judge(merge(halves), SERVERS[:2]).finding is Finding.EVEN


def test_random_runs_without_a_restart_are_even() -> None:
    """Connections that are balanced at random have the finding that nearly all runs must have."""
    rng = random.Random(11)
    for _ in range(20):
        run = Run()
        for _ in range(200):
            run.hang_up(run.connect(rng.choice(SERVERS), 1.0), 2.0)
        assert judged(run.summary()).finding is Finding.EVEN
