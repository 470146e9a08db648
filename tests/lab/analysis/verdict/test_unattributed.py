"""Unattributed connections limit what is concluded."""

import pytest
from tests.lab.runs import SERVERS, Run

from long_lived.lab.analysis.verdict import Finding, judge


def test_unattributed_connections_limit_what_is_concluded() -> None:
    """Where they could change the finding there is none."""
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
    """They are tried on whichever replica would change the finding, whatever its name."""
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


def test_unattributed_connections_do_not_matter_to_an_incomplete_run() -> None:
    """A run that is incomplete for another reason does not speculate on findings."""
    run = Run("experiment.expect=any")
    for index in range(210):
        run.ask(run.connect(SERVERS[index % 3], 0.5), 29.0)
    for _ in range(80):
        run.connect_in_vain(1.0)
    made = run.summary(stopped_by="SIGTERM")
    assert judge(made, SERVERS).words == "incomplete: a client was stopped by SIGTERM"
