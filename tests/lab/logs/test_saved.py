"""Runs judged from saved logs, in every form that kubectl writes."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.lab.logs.saved_logs import TWO, Save, balanced
from tests.lab.records import answers_in
from tests.lab.runs import SERVERS, restarted

from long_lived.lab.analysis.verdict import Finding, Verdict, judge
from long_lived.lab.experiment.outcome import Outcome
from long_lived.lab.logs.saved import outcome_of, read_logs
from long_lived.record.merge import merge
from long_lived.record.summary import parse

PODS = ("long-lived-client-1-abcde", "long-lived-client-1-fghij")


def verdict_of(seen: Outcome) -> Verdict:
    """Judge an outcome as the command does."""
    return judge(seen.summary, seen.replicas, seen.problems, seen.changes)


def with_prefix(lines: list[str], pod: str = PODS[0]) -> list[str]:
    """Write lines as `kubectl logs --prefix` does."""
    return [f"[pod/{pod}/client] {line}" for line in lines]


def with_time(lines: list[str], zone: str = "Z") -> list[str]:
    """Write lines as `kubectl logs --timestamps` does."""
    return [f"2026-11-23T12:00:{n % 60:02}.123456789{zone} {line}" for n, line in enumerate(lines)]


FORMS: dict[str, Callable[[list[str]], list[str]]] = {
    "plain": lambda lines: lines,
    "prefix": with_prefix,
    "timestamps": with_time,
    "timestamps-of-a-zone": lambda lines: with_time(lines, "+01:00"),
    "both": lambda lines: with_prefix(with_time(lines)),
    "windows": lambda lines: [f"{line}\r" for line in lines],
    "noise": lambda lines: ["Waiting: 503", *lines, "", "error: the connection was lost"],
}


@pytest.mark.parametrize("form", FORMS)
def test_log_is_read_in_every_form(form: str, save: Save) -> None:
    """However a log was saved, it has the same summary, answers and verdict."""
    lines = balanced()
    file = save("client.log", FORMS[form](lines))
    (log,) = read_logs(file).values()
    assert log.answered == answers_in(lines) == dict.fromkeys(SERVERS, 80)
    seen = outcome_of([file])
    assert seen.summary == merge([parse(lines[-1])])
    assert seen.replicas == [*SERVERS]
    assert (seen.problems, seen.remarks, seen.changes) == ([], [], [])
    assert verdict_of(seen).finding is Finding.EVEN


def interleaved(first: list[str], second: list[str]) -> list[str]:
    """Interleave the lines of two logs."""
    mixed = []
    for index in range(max(len(first), len(second))):
        mixed += [*first[index : index + 1], *second[index : index + 1]]
    return mixed


def test_pods_of_one_file_are_kept_apart_by_their_prefix(save: Save) -> None:
    """`make logs` saves the interleaved lines of all client pods in one file."""
    logs = [balanced(TWO), balanced(TWO, each=10)]
    mixed = interleaved(*(with_prefix(lines, pod) for lines, pod in zip(logs, PODS, strict=True)))
    file = save("all.log", mixed)
    assert {name: sum(log.answered.values()) for name, log in read_logs(file).items()} == {
        PODS[0]: 240,
        PODS[1]: 30,
    }
    seen = outcome_of([file])
    assert (seen.problems, seen.remarks) == ([], [])
    assert seen.summary == merge([parse(lines[-1]) for lines in logs])
    assert verdict_of(seen).finding is Finding.EVEN


def test_files_of_several_clients_are_one_run(save: Save) -> None:
    """Logs saved separately are merged."""
    logs = [balanced(TWO), balanced(TWO, each=10)]
    seen = outcome_of([save(f"{index}.log", lines) for index, lines in enumerate(logs)])
    assert seen.summary is not None
    assert seen.summary.clients == 2
    assert seen.summary.requests.answered == 270
    assert seen.problems == []


@pytest.mark.parametrize(
    ("parallelism", "given", "words"),
    [
        (1, 2, "logs of 1 clients (client.parallelism) are needed, given: 2"),
        (3, 2, "logs of 3 clients (client.parallelism) are needed, given: 2"),
    ],
    ids=["one-too-many", "one-missing"],
)
def test_wrong_number_of_logs_is_incomplete(
    parallelism: int, given: int, words: str, save: Save
) -> None:
    """Some clients' logs are not a run, and more are not one run."""
    lines = balanced(f"client.parallelism={parallelism}")
    seen = outcome_of([save(f"{index}.log", lines) for index in range(given)])
    assert seen.problems == [words]
    assert verdict_of(seen).finding is Finding.INCOMPLETE


def test_two_pods_without_a_prefix_in_one_file_are_incomplete(save: Save) -> None:
    """Lines of two clients that nothing tells apart do not pass for one client's."""
    seen = outcome_of([save("all.log", interleaved(balanced(TWO), balanced(TWO)))])
    assert any(
        "logs of 2 clients (client.parallelism) are needed, given: 1" in p for p in seen.problems
    )
    assert verdict_of(seen).finding is Finding.INCOMPLETE


def test_two_runs_in_one_file_are_incomplete(save: Save) -> None:
    """A log with more answers than its last summary knows is of several runs."""
    file = save("both.log", [*balanced(), *balanced()])
    seen = outcome_of([file])
    assert seen.problems == [
        f"{file} holds 480 answers, but the summary at its end counts 240: "
        "it comes from several clients or runs"
    ]
    assert verdict_of(seen).finding is Finding.INCOMPLETE


def test_logs_of_different_runs_are_not_added_up(save: Save) -> None:
    """Logs with different settings are not one run; nothing is merged."""
    files = [save("1.log", balanced(TWO)), save("2.log", balanced(TWO, "server.runtime=go"))]
    seen = outcome_of(files)
    assert seen.problems == ["the logs are from runs with different settings"]
    assert seen.summary is None
    assert verdict_of(seen).finding is Finding.INCOMPLETE


CUT: dict[str, Callable[[list[str]], list[str]]] = {
    "no-summary": lambda lines: lines[:-1],
    "half-a-summary": lambda lines: [*lines[:-1], lines[-1][:200]],
    "only-the-beginning": lambda lines: lines[:10],
    "empty": lambda _: [],
    "another-program": lambda _: ["Serving pod=server-a runtime=flask on http://0.0.0.0:8000/"],
}


@pytest.mark.parametrize("cut", CUT)
def test_log_cut_at_its_end_is_incomplete(cut: str, save: Save) -> None:
    """Without its last line a log does not account for a run."""
    file = save("client.log", CUT[cut](balanced()))
    seen = outcome_of([file])
    assert any(str(file) in problem for problem in seen.problems)
    verdict = verdict_of(seen)
    assert verdict.finding is Finding.INCOMPLETE
    assert str(file) in verdict.words


def test_one_of_two_logs_that_is_cut_is_incomplete(save: Save) -> None:
    """The other client's log is kept, but does not pass for the run."""
    lines = balanced(TWO)
    seen = outcome_of([save("1.log", lines), save("2.log", lines[:-1])])
    assert seen.summary is not None
    assert len(seen.problems) == 1
    assert verdict_of(seen).finding is Finding.INCOMPLETE


def test_log_cut_at_its_beginning_is_judged_with_a_remark(save: Save) -> None:
    """A rotated log lacks answers that its summary still counts: a remark says so."""
    seen = outcome_of([save("client.log", balanced()[-12:])])
    assert seen.problems == []
    (remark,) = seen.remarks
    assert "holds 10 of 240 answers" in remark
    assert verdict_of(seen).finding is Finding.EVEN


def test_log_without_answers_by_choice_needs_no_remark(save: Save) -> None:
    """With client.logResponses off a log has no answers, and lacks nothing."""
    seen = outcome_of([save("client.log", balanced("client.logResponses=false"))])
    assert (seen.problems, seen.remarks) == ([], [])
    assert verdict_of(seen).finding is Finding.EVEN


def test_summary_of_another_format_is_refused_in_words(save: Save) -> None:
    """The content of another version's log is not guessed."""
    seen = outcome_of([save("client.log", ['{"format":99}'])])
    assert len(seen.problems) == 1
    assert "format 99: must be 3" in seen.problems[0]
    assert verdict_of(seen).finding is Finding.INCOMPLETE


def test_replicas_of_an_autoscaler_are_those_that_answered(save: Save) -> None:
    """If the settings leave their number open, none is missing."""
    seen = outcome_of([save("client.log", balanced("server.replicas=null", each=100))])
    assert (seen.problems, seen.replicas) == ([], [*SERVERS])
    assert verdict_of(seen).finding is Finding.EVEN


def test_replica_that_never_answered_counts(save: Save) -> None:
    """Of the three replicas that the settings name, the one that no line names got nothing."""
    seen = outcome_of([save("client.log", balanced(replicas=SERVERS[:2], each=30))])
    assert seen.replicas == ["server-a", "server-b", "unseen-1"]
    verdict = verdict_of(seen)
    assert verdict.finding is Finding.UNEVEN
    assert verdict.judged is not None
    assert verdict.judged.spread.counts == {"server-a": 30, "server-b": 30, "unseen-1": 0}


@pytest.mark.parametrize(
    ("given", "finding"),
    [({}, Finding.PINNED), ({"heals": True}, Finding.EVEN)],
    ids=["pinned", "healed"],
)
def test_restart_is_found_in_the_log(given: dict[str, Any], finding: Finding, save: Save) -> None:
    """Nobody announces the restart, but the lines show it."""
    run, announced = restarted(users=210, **given)
    seen = outcome_of([save("client.log", run.log())])
    assert {one.old for one in seen.changes} == {one.old for one in announced}
    assert verdict_of(seen).finding is finding
