"""Runs of which nothing is concluded, and why; and what does not make a run incomplete."""

from collections.abc import Callable

import pytest
from tests.lab.analysis.verdict.judging import judged, judged_restart
from tests.lab.records import changed, own_counts
from tests.lab.runs import READY_SECONDS, SERVERS, START, STOP_SECONDS, Run, plain, restarted

from long_lived.lab.analysis.events.change import Change
from long_lived.lab.analysis.events.latecomers import SERVICE_LAG_SECONDS
from long_lived.lab.analysis.events.phases import PhaseName
from long_lived.lab.analysis.verdict import Finding, Verdict, judge
from long_lived.record.error_kind import ErrorKind
from long_lived.record.summary import Summary

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
        "19 of 1,869 requests failed, not counting those of the event "
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
        "the run ended before the event was over",
    ),
    "never-ready-and-a-problem": (
        lambda: never_ready("server-b was killed"),
        "server-b was killed; the run ended before the event was over",
    ),
    "ended-in-the-restart": (
        lambda: judged_restart(end=11.0),
        "the run ended before the event was over",
    ),
}


def failing(restart: int, later: int) -> Verdict:
    """Judge a run in which requests failed at the restart, and others after it."""
    run, replacements = restarted("experiment.expect=any", lost=restart)
    run.fail(ErrorKind.READ_TIMEOUT, 20.0, later)
    return judge(run.summary(), SERVERS, [], replacements)


def gone() -> Change:
    """Say that a replica was stopped and none took its place."""
    return Change(START + 20, "server-a", START + 20, None, START + 20)


def never_ready(*problems: str) -> Verdict:
    """Judge a run whose second replacement was never ready."""
    run, replacements = restarted("experiment.expect=any")
    replacements[1].ready_unix_seconds = None
    return judge(run.summary(), SERVERS, problems, replacements)


@pytest.mark.parametrize("name", INCOMPLETE)
def test_incomplete_run_says_why_and_concludes_nothing(name: str) -> None:
    """Each deviation from the plan is a reason, in words, to conclude nothing."""
    run, why = INCOMPLETE[name]
    verdict = run()
    assert verdict.finding is Finding.INCOMPLETE
    assert not verdict.passed
    assert verdict.words == f"incomplete: {why}"


def test_reasons_are_given_together() -> None:
    """A run that falls short in several ways names them all."""
    made = plain(FULL, stopped_by="SIGINT", problem="too many open files")
    assert judged(made, "server-b ended").words == (
        "incomplete: server-b ended; too many open files; a client was stopped by SIGINT"
    )


def test_few_failures_are_allowed() -> None:
    """experiment.maxFailedRatio lets one request in a hundred fail."""
    assert judged(plain(FULL, failed={ErrorKind.READ_TIMEOUT: 2})).finding is Finding.EVEN
    exactly = plain(dict.fromkeys(SERVERS, 66), failed={ErrorKind.READ_TIMEOUT: 2})
    assert (exactly.requests.planned, judged(exactly).finding) == (200, Finding.EVEN)
    made = plain(FULL, "experiment.maxFailedRatio=0", failed={ErrorKind.READ_TIMEOUT: 1})
    assert judged(made).finding is Finding.INCOMPLETE


def test_failures_at_the_restart_do_not_make_it_incomplete() -> None:
    """What a restart costs is measured; only failures at other times count against the run."""
    assert failing(restart=500, later=0).finding is Finding.PINNED
    assert failing(restart=500, later=18).finding is Finding.PINNED


def test_incomplete_restart_still_has_its_phases() -> None:
    """What an incomplete run measured is kept, but not judged."""
    verdict = judged_restart(end=11.0)
    assert (verdict.judged, verdict.evidence) == (None, "")
    assert verdict.effect is not None
    assert [phase.name for phase in verdict.effect.phases] == [
        PhaseName.BEFORE,
        PhaseName.DURING,
    ]
    assert verdict.effect.orphaned == 40


def test_failures_are_charged_to_the_time_at_which_they_were_sent() -> None:
    """A connect that begins in the restart and times out half a minute later is its cost.

    So is one to an address that the Service still had when the replacement was ready.
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


@pytest.mark.parametrize(
    ("own", "others", "failed", "unexplained"),
    [(70, 0, 0, 0), (70, 9, 0, 0), (69, 0, 0, 1), (72, 0, 0, 2), (72, 0, 2, 0), (73, 0, 2, 1)],
    ids=["same", "others-too", "too-few", "too-many", "failed-on-the-way", "more-than-failed"],
)
def test_servers_counts_are_held_against_the_clients(
    own: int, others: int, failed: int, unexplained: int
) -> None:
    """A difference that no failed request explains means that one side miscounts."""
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
