"""Clients and servers that stand still for a while (SIGSTOP)."""

import os
import signal
import time

from tests.waiting import eventually

from .programs import BOTH, ENGINES

ENDLESS = ("client.durationSeconds=600", "client.concurrency=5")


@ENGINES
def test_client_that_stalled_says_so(engine: str, keeping_server, start_client) -> None:
    """A suspended client measures its own stall, which is no server's overhead."""
    client = start_client(keeping_server.url, *ENDLESS, f"client.engine={engine}")
    eventually(lambda: client.output.count("Response from Pod") >= 5)
    client.signal(signal.SIGSTOP)
    time.sleep(1.5)
    client.signal(signal.SIGCONT)
    client.goes_on()
    stalls = client.stop().summary["stalls"]
    assert stalls["count"] >= 1
    assert stalls["longest_seconds"] > 1
    assert stalls["total_seconds"] >= stalls["longest_seconds"]


@BOTH
def test_server_that_was_suspended_is_used_again(engine: str, keeping_server, start_client) -> None:
    """What it does not answer in time has failed, and what comes after it goes on is answered."""
    timeout = "client.timeouts.readSeconds=1"
    client = start_client(keeping_server.url, *ENDLESS, f"client.engine={engine}", timeout)
    eventually(lambda: client.output.count("Response from Pod") >= 5)
    os.killpg(keeping_server.process.pid, signal.SIGSTOP)
    try:
        eventually(lambda: "Request failed: read_timeout" in client.output)
    finally:
        os.killpg(keeping_server.process.pid, signal.SIGCONT)
    client.goes_on()
    run = client.stop()
    assert set(run.summary["requests"]["failed_by_kind"]) <= {"read_timeout", "interrupted"}
