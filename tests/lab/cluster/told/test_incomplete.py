"""Runs on a cluster that lose a client or its log, judged by what is left."""

from collections.abc import Sequence

import pytest
from tests.cluster.kinds import Object
from tests.lab.cluster.told.conftest import Lab
from tests.lab.cluster.told.kubectl import Told
from tests.lab.cluster.told.objects import client, deployment, ended, job, servers
from tests.lab.logs.saved_logs import TWO, balanced
from tests.lab.runs import SERVERS, Run

from long_lived.lab.cluster import backend
from long_lived.record import summary
from long_lived.record.error_kind import ErrorKind

TWO_CLIENTS = "client: {parallelism: 2}"


def left(told: Told, *clients: Object, of: int = 1) -> None:
    """Have a run whose client pods are these."""
    told.objects = [deployment(), job(clients=of), *servers(), *clients]


def without_summary(lines: Sequence[str]) -> list[str]:
    """Cut off what a client writes at its end."""
    return [line for line in lines if not line.startswith(summary.BEGINNING)]


def test_client_killed_for_memory_makes_the_run_incomplete(told: Told, lab: Lab) -> None:
    """The verdict names the pod and why it ended, and counts what it had done."""
    left(told, client("c", ended(137, "OOMKilled")))
    told.log("c", without_summary(balanced()))
    status, output = lab.verify()
    assert status == 1
    assert "incomplete: client pod c ended with status 137 (OOMKilled)" in output
    requests = lab.record["clients"]["requests"]
    assert requests["answered"] == 240
    assert requests["planned"] == requests["answered"] + requests["failed"]


def test_client_pod_that_is_drained_leaves_its_account(told: Told, lab: Lab) -> None:
    """An eviction deletes it, with SIGTERM first: what it did by then is counted."""
    run = Run()
    run.hang_up(run.connect(SERVERS[0], 1.0), 1.0)
    run.fail(ErrorKind.INTERRUPTED, 2.0)
    told.log("c", run.log(stopped_by="SIGTERM"))
    leaving = client("c", ended(143))
    leaving["metadata"]["deletionTimestamp"] = "2026-11-25T12:01:00Z"
    left(told, client("c"))
    told.later = [[deployment(), job(), *servers(), leaving], [deployment(), *servers()]]
    status, output = lab.verify()
    assert status == 1
    assert "verdict incomplete: " in output
    requests = lab.record["clients"]["requests"]
    assert (requests["planned"], requests["answered"], requests["failed"]) == (2, 1, 1)


@pytest.mark.parametrize("there", [0, 1])
def test_client_pod_that_is_gone_makes_the_run_incomplete(there: int, told: Told, lab: Lab) -> None:
    """A pod that went with its log is missed, and the run never passes."""
    told.values = TWO_CLIENTS
    told.log("c", balanced(TWO))
    left(told, *[client("c", ended())][:there], of=2)
    told.objects[1] = job(clients=2, finished=True)
    status, output = lab.verify()
    assert status == 1
    gone = "incomplete: {} of 2 client pods are gone or never started, and so are their logs"
    assert gone.format(2 - there) in output


def test_log_that_was_rotated_away_makes_the_run_incomplete(told: Told, lab: Lab) -> None:
    """A log without its summary says nothing, although the pod completed."""
    left(told, client("c", ended()))
    told.log("c", [])
    status, output = lab.verify()
    assert status == 1
    assert "incomplete: the log of client pod c has no summary" in output


def test_log_that_is_gone_makes_the_run_incomplete(told: Told, lab: Lab) -> None:
    """kubectl says that there is none, each time."""
    left(told, client("c", ended()))
    told.refused["logs"] = 'pods "c" not found'
    status, output = lab.verify()
    assert status == 1
    assert "incomplete: the log of client pod c has no summary" in output


def test_client_of_another_version_makes_the_run_incomplete(told: Told, lab: Lab) -> None:
    """Unreadable summaries are named, and readable ones merged."""
    told.values = TWO_CLIENTS
    left(told, client("old", ended()), client("new", ended()), of=2)
    told.log("old", [line.replace('{"format":3,', '{"format":99,') for line in balanced(TWO)])
    told.log("new", balanced(TWO))
    status, output = lab.verify()
    assert status == 1
    assert "incomplete: client pod old has a summary of format 99: must be 3" in output
    assert lab.record["clients"]["requests"]["answered"] == 240


FOLLOW_AGAIN = """#!/bin/sh
kept=$(readlink /proc/$$/fd/1)
log="$(dirname "$0")/$7.$9"
if [ -e "$log.cut" ]; then
  until [ "$(wc -l < "$kept")" -ge 100 ]; do sleep 0.01; done
fi
touch "$log.cut"
exec head -n 20 "$log"
"""
"""The log is cut after 20 lines, and again: the second time when it has been fetched as a whole."""


def test_log_that_was_cut_off_is_fetched_whole(
    told: Told, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was followed lacks its end: the log is read once more, and every answer counts once."""
    monkeypatch.setattr(backend, "LOG_SECONDS", 0.1)
    left(told, client("c", ended()))
    lines = balanced()
    told.log("c", lines)
    told.program.write_text(FOLLOW_AGAIN)
    status, output = lab.verify()
    assert status == 0, output
    (log,) = (lab.out / "latest").glob("c.log")
    assert log.read_text().splitlines() == lines
