"""Runs on a machine that disturbs them: suspended processes, a clock that is set, another run."""

import os
import resource
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.lab.commands.lab import (
    FEW,
    LASTING,
    RESTART,
    Lab,
    Start,
    check_phases,
    processes_of,
    starter,
)
from tests.waiting import eventually


def test_lab_suspended_until_its_clients_have_ended_reports_the_run(start: Start) -> None:
    """Clients and replicas do without the lab, which finds all that they left."""
    lab = start("smoke", *FEW, "client.requestsPerUser=2")
    lab.await_answers(1)
    lab.process.send_signal(signal.SIGSTOP)
    eventually(lambda: '\n{"format":' in lab.log())
    lab.process.send_signal(signal.SIGCONT)
    assert lab.finish() == 0, lab.printed
    assert lab.check_account()["requests"]["answered"] == 80
    assert processes_of(lab.place) == {}


def test_replica_suspended_to_the_end_holds_nobody_up(start: Start) -> None:
    """Its requests time out, the report says what is missing, and it is killed in the end."""
    lab = start(
        "smoke",
        *(*FEW, "server.replicas=2", "server.runtime=gunicorn"),
        *("client.requestsPerUser=2", "client.timeouts.readSeconds=1"),
    )
    lab.await_answers(1)
    replica = lab.pid("127.0.1.2:")
    assert replica is not None
    os.killpg(replica, signal.SIGSTOP)
    assert lab.finish() == 1, lab.printed
    requests = lab.check_account()["requests"]
    assert set(requests["failed_by_kind"]) == {"read_timeout"}
    assert requests["answered"] > 0
    assert lab.record["verdict"]["finding"] == "incomplete"
    assert processes_of(lab.place) == {}


CLOCK = """
import pathlib, sys, time
real, step, flag = time.time, float(sys.argv.pop(1)), pathlib.Path(sys.argv.pop(1))
time.time = lambda: real() + (step if flag.exists() else 0)
from long_lived.lab.__main__ import main
main()
"""


BACK, FORWARD = -3600, 3600


@pytest.fixture(scope="module")
def set_clocks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[int, Lab]]:
    """Run a restart under each clock that is set before it, in parallel."""
    folder = tmp_path_factory.mktemp("clocks")
    flag, restart = folder / "set", (*RESTART, "experiment.event.count=1")
    with starter(folder) as begin:
        labs = {
            step: begin(
                "smoke",
                *(*FEW, LASTING, *restart, "server.replicas=2"),
                program=("-c", CLOCK, str(step), f"{flag}{step}"),
            )
            for step in (BACK, FORWARD)
        }
        for step, lab in labs.items():
            lab.await_answers(1)
            Path(f"{flag}{step}").touch()
        yield labs


@pytest.mark.parametrize("step", [BACK, FORWARD], ids=["back", "forward"])
def test_clock_that_is_set_moves_no_event(step: int, set_clocks: dict[int, Lab]) -> None:
    """The restart happens at its time, and each of its steps stays in its order."""
    lab = set_clocks[step]
    eventually(lambda: "Serving pod=" in lab.log("server-c"))
    lab.await_answers()
    lab.stop()
    lab.check_account()
    check_phases(lab.record)
    before, during, *_ = lab.record["effect"]["phases"]
    assert (before["name"], during["name"]) == ("before", "during")
    assert before["end_seconds"] - before["start_seconds"] >= 1


def test_log_emptied_in_the_middle_of_a_run_is_followed_further(start: Start) -> None:
    """After a rotation that copies and truncates the summary is found at the new end."""
    lab = start("smoke", *FEW, LASTING)
    lab.await_answers(40)
    os.truncate(lab.folder / "client-1.log", 0)
    lab.await_answers(5)
    lab.stop()
    assert lab.check_account()["requests"]["answered"] >= 45
    assert lab.record["problems"] == []


def lasting_descriptors(pid: int) -> set[int]:
    """Return the descriptors that a process keeps open for a second."""
    kept: set[int] | None = None
    for _ in range(50):
        now = set(map(int, os.listdir(f"/proc/{pid}/fd")))
        kept = now if kept is None else kept & now
        time.sleep(0.02)
    assert kept
    return kept


def test_lab_without_descriptors_keeps_what_its_clients_did(start: Start) -> None:
    """It can look at nothing any more: it says so, stops the clients, and counts their answers."""
    lab = start("smoke", *FEW, LASTING)
    lab.await_answers()
    kept = lasting_descriptors(lab.process.pid)
    free = min(set(range(len(kept) + 1)) - kept)
    _, hard = resource.prlimit(lab.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(lab.process.pid, resource.RLIMIT_NOFILE, (free, hard))
    assert lab.finish() == 1, lab.printed
    assert lab.errors == ""
    assert "incomplete: [Errno 24] Too many open files" in lab.printed
    clients = lab.check_account()
    assert clients["stopped_by"] == "SIGTERM"
    assert clients["requests"]["answered"] >= 20
    assert processes_of(lab.place) == {}


def test_second_run_beside_one_that_is_under_way_is_counted_apart(start: Start) -> None:
    """Each has a port, addresses and results of its own, and its servers count only its clients."""
    first = start("smoke", *FEW, LASTING)
    first.await_answers()
    second = start("smoke", *FEW, "client.requestsPerUser=2")
    assert second.finish() == 0, second.printed
    assert second.check_account()["requests"]["answered"] == 80
    (counted,) = second.record["server_counts"].values()
    assert counted["answered"] == 80
    first.await_answers(1)
    first.stop()
    requests, (counted,) = first.check_account()["requests"], first.record["server_counts"].values()
    assert counted["answered"] >= requests["answered"]
    assert set(counted["answered_to"]) - {""} == set(first.record["clients"]["client_ids"])
