"""How often the verdict is wrong in simulated runs: a smaller bench/verdict.py."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from bench.cases import cases, crashed, plain, restarted
from bench.simulation import ANSWERED, FAILURES, Course, Plan, simulate
from bench.summary import summary
from bench.verdict import ALLOWED_RATIO, Rates, outcomes, rates, row
from tests.lab.runs import HandClock, Lines

from long_lived.client.ledger import Answer, Ledger
from long_lived.client.stalls import Stalls
from long_lived.client.summary import summarize
from long_lived.client.transport.connections import Connection
from long_lived.lab.analysis.power import needed
from long_lived.lab.analysis.verdict import Finding, judge
from long_lived.record.error_kind import ErrorKind
from long_lived.record.summary import Cost, Summary
from long_lived.settings import load

RUNS, MANY = 15, 600
"""Runs of each case, and of those without events, which cost next to nothing."""

MOST_USERS = 600
"""Cases with more users take long and are left to the bench."""

CASES = [case for case in cases() if case.plan.users <= MOST_USERS]
QUICK = [case for case in CASES if case.name in ("kept", "per request") and case.plan.users <= 191]


def entered(plan: Plan, course: Course) -> Summary:
    """Enter a run in the client's own ledger, event by event, and summarize it."""
    clock = HandClock()
    ledger: Any = Ledger(clock, Lines(), 0, log_responses=False)  # type: ignore[arg-type]
    connections = [Connection(i, float(at)) for i, at in enumerate(course.opened)]
    sends: dict[int, Any] = {}
    events = [
        *((float(at), 0, i) for i, at in enumerate(course.sent)),
        *((float(at), 1, i) for i, at in enumerate(course.ended)),
        *((float(at), 2, i) for i, at in enumerate(course.closed) if not np.isnan(at)),
    ]
    for at, what, index in sorted(events):
        clock.now = at
        if what == 0:
            sends[index] = ledger.enter_send(0.0)
        elif what == 2:
            connections[index].closed_seconds = at
            ledger.enter_close(connections[index])
        elif course.outcome[index] == ANSWERED:
            connection = connections[course.connection[index]]
            start = plan.starts[course.start[index]]
            instance = f"{start.name}-{course.start[index]}"
            answer = Answer(start.name, 0.0, 0.0, False, connection, instance, at - start.up)
            ledger.enter_answer(sends[index], answer)
        else:
            number = course.connection[index]
            lost_on = connections[number] if number >= 0 else None
            kind = ErrorKind(FAILURES[course.outcome[index]])
            ledger.enter_failure(sends[index], kind, "told by the test", lost_on)
    ledger.close([one for one in connections if one.closed_seconds is None])
    return summarize(
        load([], [], {}),
        ledger,
        opened=len(connections),
        retired=0,
        client_id="0123456789abcdef",
        stalls=Stalls(),
        load_seconds=float(course.ended.max()),
        stopped_by=None,
        problem=None,
        cost=Cost(cpu_seconds=0.0, peak_memory_bytes=0),
    )


def comparable(summed_up: Summary) -> dict[str, Any]:
    """Drop from a summary what is not simulated."""
    made = summed_up.as_dict()
    pods = {
        name: {
            key: value
            for key, value in pod.items()
            if not key.startswith(("oldest", "open_age", "over"))
        }
        for name, pod in made["pods"].items()
    }
    connections = {
        key: value
        for key, value in made["connections"].items()
        if not key.startswith(("close_announced", "perfect"))
    }
    return {
        "pods": pods,
        "connections": connections,
        **{key: made[key] for key in ("requests", "timeline", "load_seconds", "started")},
    }


@pytest.mark.parametrize(
    "plan",
    [
        plain(3, 60),
        restarted(3, 60, 1, 2, killed=True),
        restarted(3, 150, 5, 2, kept=False, killed=True),
        restarted(3, 40, 0, 2, age=10.0),
        crashed(3, 60, 1, 1),
        restarted(3, 300, 1, 2, proxied=True),
    ],
    ids=["kept", "killed", "per-request", "recycled", "crashed", "proxied"],
)
def test_simulated_run_is_summed_up_as_the_client_does(plan: Plan) -> None:
    """The shortcut to a summary and the client's own ledger agree on the same run."""
    (course,) = simulate(plan, np.random.default_rng(7))
    quick, real = summary(plan, course), entered(plan, course)
    assert comparable(quick) == comparable(real)
    assert judge(quick, plan.replicas()[:3], [], plan.changes).words == (
        judge(real, plan.replicas()[:3], [], plan.changes).words
    )


@pytest.fixture(scope="module")
def judged() -> list[Rates]:
    """Simulate and judge the smaller cases."""
    return [
        rates(case, outcomes(case, MANY if case in QUICK else RUNS, [1, index]))
        for index, case in enumerate(CASES)
    ]


def described(some: Sequence[Rates]) -> list[str]:
    """Return the rows of these cases, for a failing test's message."""
    return [row(one) for one in some]


def test_cases_cover_every_truth_and_unit() -> None:
    """The cases here cover every truth that a run can have, in each unit."""
    assert {case.truth for case in CASES} >= {Finding.EVEN, Finding.UNEVEN, Finding.PINNED}
    for wanted in ("kept", "per request", "recycled", "proxy", "crashed", "rolled out", "slow"):
        assert any(wanted in case.name for case in CASES)
    assert {case.lag for case in CASES} == {0, 1, 2, 5}


def test_uneven_runs_are_hardly_ever_called_even(judged: list[Rates]) -> None:
    """Where the number judged clearly shows a defect, the verdict sees it."""
    some = [one for one in judged if one.powerful]
    runs = sum(one.runs for one in some)
    assert runs >= 300
    assert sum(one.wrong_even for one in some) <= ALLOWED_RATIO * runs, described(some)


def test_even_runs_are_hardly_ever_called_uneven(judged: list[Rates]) -> None:
    """Chance, lag and slowness are not called a defect, whatever the number."""
    some = [one for one in judged if one.case.truth is Finding.EVEN]
    runs = sum(one.runs for one in some)
    assert runs >= 3000
    assert sum(one.wrong_not_even for one in some) <= ALLOWED_RATIO * runs, described(some)


def test_pinned_and_uneven_are_not_mixed_up(judged: list[Rates]) -> None:
    """Pinned is what keep-alive explains, and nothing else."""
    some = [one for one in judged if one.wrong_word]
    assert not some, described(some)


def test_truth_is_found_where_there_are_enough(judged: list[Rates]) -> None:
    """A verdict that never commits itself could never be wrong."""
    for one in judged:
        told = one.case.truth
        if told in (Finding.UNEVEN, Finding.PINNED) and not one.powerful:
            continue
        if told is Finding.EVEN and one.judged < needed(one.serving):
            told = Finding.TOO_FEW
        assert one.findings[told] >= 0.9 * one.runs, described([one])
