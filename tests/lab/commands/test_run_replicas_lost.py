"""Replicas that are killed under load, one or all, and those that come back."""

import os
import signal
from collections import Counter

from tests.lab.commands.lab import FEW, LASTING, Lab, Start, check_phases
from tests.waiting import eventually

USERS = 2_000
THOUSANDS = (
    *(f"client.concurrency={USERS}", "client.engine=asyncio", "client.rampUpSeconds=0"),
    *("server.replicas=2", "server.runtime=gunicorn", "server.gunicorn.workerClass=gevent"),
    *("server.delay.minSeconds=600", "server.delay.maxSeconds=600", "experiment.expect=any"),
)
"""All of them wait for an answer until the test ends the run."""


def kill(lab: Lab, part: str) -> None:
    """Kill the process whose command line contains `part`, with its workers."""
    pid = lab.pid(part)
    assert pid is not None
    os.killpg(pid, signal.SIGKILL)


def test_replica_killed_with_thousands_in_flight_is_accounted_for(start: Start) -> None:
    """What it held is lost, all else is still in flight, and the report names it."""
    lab = start("smoke", *THOUSANDS)
    lab.port()
    eventually(lambda: f"{USERS} in flight" in lab.log())
    kill(lab, "127.0.1.1:")
    eventually(lambda: "Request failed: connection_lost" in lab.log())
    lab.stop()
    failed = lab.check_account()["requests"]["failed_by_kind"]
    assert set(failed) == {"connection_lost", "interrupted"}
    assert sum(failed.values()) == USERS
    assert min(failed.values()) > USERS / 3
    (problem,) = lab.record["problems"]
    assert problem.startswith("server-a ended in the middle of the run with status -9")
    assert problem.split(":")[0] in " ".join(lab.printed.split())
    assert lab.record["verdict"]["finding"] == "incomplete"
    assert "server-a" not in lab.record["server_counts"]


def test_all_replicas_killed_at_once_are_used_again_when_they_are_back(start: Start) -> None:
    """Until then requests are refused; then the same users are answered again."""
    crash = (
        *("experiment.event.kind=crash", "experiment.event.count=2"),
        *("experiment.event.afterSeconds=2", "experiment.event.replacementSeconds=2"),
    )
    lab = start("smoke", *FEW, LASTING, *crash, "server.replicas=2")
    lab.port()
    names = ("server-a", "server-b")
    eventually(lambda: all(lab.log(name).count("Serving pod=") == 2 for name in names))
    lab.await_answers()
    lab.stop()
    failed = Counter(lab.check_account()["requests"]["failed_by_kind"])
    assert failed["connect_refused"] > 0
    assert set(failed) <= {"connect_refused", "connection_lost", "interrupted"}
    check_phases(lab.record)
    assert {one["new"] for one in lab.record["events"]} == set(names)
