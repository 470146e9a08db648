"""The words of a verdict: they name the replicas, the numbers and what would help."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.lab.analysis.verdict.judging import judged, judged_restart
from tests.lab.records import changed, scaled
from tests.lab.runs import NEW, READY_SECONDS, SERVERS, START, STOP_SECONDS, Run, plain, restarted

from long_lived.lab.analysis.events.change import Change
from long_lived.lab.analysis.verdict import Finding, Verdict, judge
from long_lived.record.summary import Summary


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
def test_too_few_words_say_what_would_help(run: Callable[[], Verdict], words: str) -> None:
    """Too few connections, or nothing to compare with, never meets an expectation."""
    assert run().words == f"too few, but even was expected: {words}"


def held(*overrides: str, each: int = 5) -> Summary:
    """Return the summary of a run in which this many connections to each replica are kept."""
    run = Run(*overrides)
    for pod in SERVERS * each:
        connection = run.connect(pod, 0.5)
        run.ask(connection, 20.0)
    return run.summary()


def test_pinned_words_name_the_numbers() -> None:
    """Who came later and how little it holds, who holds how much, and from where."""
    verdict = judged_restart("experiment.expect=pinned")
    assert verdict.words == (
        "pinned, as expected: 2 of 3 replicas came later and are idle: they hold 0 of 60 "
        "connections, 40 would be fair, because others hold what was opened before. server-a "
        "holds 60, 20 ± 4 would be chance. Of the 40 connections of the stopped replicas 40 "
        "went to server-a, and none has moved since. Not even again within this run"
    )
    assert verdict.evidence.startswith("60 connections held at 30.0 s; p = ")
    assert "; furthest off: server-a +200% (+1" in verdict.evidence
    assert verdict.evidence.endswith("; noticed 9 times in 10: one replica 89% below its share")


def test_pinned_words_where_replacements_get_a_little() -> None:
    """The share of a replacement that is not idle is given, and so is what moved."""
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
    """If new connections pass them by as well, older replicas are not the cause."""
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
    """The grammar is right for a single replica."""
    run, replacements = restarted("experiment.expect=pinned", servers=SERVERS[:2], new=NEW[:1])
    words = judge(run.summary(), SERVERS[:2], [], replacements).words
    assert "1 of 2 replicas came later and is idle: it holds 0 of 60 connections" in words


def test_nothing_is_pinned_where_nothing_is_kept() -> None:
    """With a connection per request, keep-alive is not the cause of what new replicas lack."""
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
    [({"heals": True}, "4.5 s after the event began"), ({"keeps": False}, "2.5 s after the event")],
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
    """If connections were never seen uneven the words say so, provided that means something."""
    run = Run("experiment.expect=even")
    for second in range(30):
        crew = SERVERS if second < STOP_SECONDS else (SERVERS[0], *NEW)
        for index in range(rate):
            run.hang_up(run.connect(crew[index % 3], second + index / rate), second + index / rate)
    replacements = [
        Change(START + STOP_SECONDS, old, START + STOP_SECONDS, new, START + STOP_SECONDS)
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


def test_too_little_to_matter_is_mentioned() -> None:
    """A deviation beyond chance but below experiment.evenWithin is even, and mentioned."""
    made = scaled(plain(dict(zip(SERVERS, (98, 100, 102), strict=True))), 1_000)
    assert judge(made, SERVERS).words == (
        "even, as expected: the connections opened are up to 2.0% off, more than chance, too "
        "little to matter (experiment.evenWithin)"
    )
    for even_within, finding in ((0.019, Finding.UNEVEN), (0.02, Finding.EVEN)):
        strict = changed(made, settings__experiment__evenWithin=even_within)
        assert judge(strict, SERVERS).finding is finding


def test_uneven_words_after_a_restart_tell_who_holds_most() -> None:
    """A survivor below its share is uneven, and no replacement is pinned."""
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
        replacements = [Change(START + 10, servers[-1], START + 10.5, "new", START + 12)]
        verdict = judge(run.summary(), servers, [], replacements)
        assert f"Of the 40 connections of the stopped replicas 40 went to {named}, " in (
            verdict.words
        )
