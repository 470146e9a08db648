"""Every finding, checked against each expectation."""

import random
from collections.abc import Callable

import pytest
from tests.lab.analysis.verdict.judging import judged, judged_restart
from tests.lab.records import scaled
from tests.lab.runs import SERVERS, Run, plain

from long_lived.lab.analysis.verdict import Finding, Verdict, judge
from long_lived.record.merge import merge

EXPECTATIONS = ("even", "pinned", "any")

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
    """`any` accepts every finding but incomplete; the others accept themselves."""
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


def test_replica_that_only_the_clients_know_is_judged() -> None:
    """A name in the summary counts, whether or not the lab knows it."""
    made = plain({"server-a": 60, "server-b": 60, "stranger": 3})
    verdict = judge(made, SERVERS[:2])
    assert verdict.finding is Finding.UNEVEN
    assert verdict.judged is not None
    assert verdict.judged.spread.counts == {"server-a": 60, "server-b": 60, "stranger": 3}


def test_two_clients_are_judged_as_one_run() -> None:
    """The clients' sum counts: odd halves may make an even whole."""
    halves = [plain({"server-a": 80, "server-b": 20}), plain({"server-a": 20, "server-b": 80})]
    assert [judge(half, SERVERS[:2]).finding for half in halves] == [Finding.UNEVEN] * 2
    assert judge(merge(halves), SERVERS[:2]).finding is Finding.EVEN


def test_random_runs_without_a_restart_are_even() -> None:
    """Randomly balanced connections have the finding that nearly all runs must have."""
    rng = random.Random(11)
    for _ in range(20):
        run = Run()
        for _ in range(200):
            run.hang_up(run.connect(rng.choice(SERVERS), 1.0), 2.0)
        assert judged(run.summary()).finding is Finding.EVEN
