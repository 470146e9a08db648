"""A client that runs out of something in the middle of its run: counted, one line, and an end."""

import os
import resource
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.waiting import eventually

from .programs import ENGINES

ENDLESS = ("client.concurrency=20", "client.durationSeconds=600")
PER_REQUEST = "client.keepAlive.mode=per-request"
NO_MORE_FILES = 3
"""Standard streams: whatever is open stays so, and nothing can be opened."""


def allow_files(pid: int, soft: int) -> None:
    """Set how many files a process may have open."""
    _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))


@ENGINES
def test_requests_without_a_descriptor_fail_and_the_run_goes_on(
    engine: str, keeping_server, start_client
) -> None:
    """Each is a connection that could not be made; once files can be opened they are answered."""
    client = start_client(keeping_server.url, *ENDLESS, PER_REQUEST, f"client.engine={engine}")
    eventually(lambda: "Response from Pod" in client.output)
    allowed, _ = resource.prlimit(client.process.pid, resource.RLIMIT_NOFILE)
    allow_files(client.process.pid, NO_MORE_FILES)
    eventually(lambda: "connect_failed" in client.output)
    allow_files(client.process.pid, allowed)
    client.goes_on(40)
    run = client.stop()
    assert set(run.summary["requests"]["failed_by_kind"]) <= {"connect_failed", "interrupted"}
    assert "Too many open files" in "\n".join(run.failures)


def test_event_loop_without_a_descriptor_ticks_and_hears_a_signal(
    keeping_server, start_client
) -> None:
    """Nothing that the loop itself does now and then takes one."""
    client = start_client(keeping_server.url, *ENDLESS, PER_REQUEST, "client.engine=asyncio")
    eventually(lambda: "Response from Pod" in client.output)
    allow_files(client.process.pid, NO_MORE_FILES)
    # Lines are written at each tick: these are of several.
    for _ in range(3):
        failed = client.output.count("connect_failed")
        eventually(lambda failed=failed: client.output.count("connect_failed") > failed)
    assert client.stop().summary["requests"]["failed_by_kind"]["connect_failed"] > 0


@pytest.fixture
def few_tasks() -> Iterator[Callable[[int, int], None]]:
    """Return what puts a process into a control group of few tasks; skip where there is none."""
    root = Path("/sys/fs/cgroup/pids")
    group = (root if root.is_dir() else root.parent) / f"long-lived-test-{os.getpid()}"
    try:
        group.mkdir()
    except OSError as error:
        pytest.skip(f"no control group can be made: {error.strerror}")
    try:
        if not (group / "pids.max").exists():
            pytest.skip("control groups do not limit tasks here")

        def limit(pid: int, most: int) -> None:
            (group / "pids.max").write_text(str(most))
            (group / "cgroup.procs").write_text(str(pid))

        yield limit
    finally:
        # The kernel lets go of a task a moment after its parent has heard of its end.
        eventually(lambda: not (group / "cgroup.procs").read_text())
        group.rmdir()


def test_users_without_a_thread_end_the_run(few_tasks, scripted, start_client) -> None:
    """The line has both numbers, and nothing was sent."""
    ready = threading.Event()

    def answer(peer) -> None:
        peer.recv(4096)
        status = b"200 OK" if ready.is_set() else b"503 Service Unavailable"
        peer.sendall(
            b"HTTP/1.1 %b\r\nContent-Length: 8\r\nConnection: close\r\n\r\nready a\n" % status
        )

    client = start_client(f"http://127.0.0.1:{scripted(answer)}/", "client.concurrency=300")
    eventually(lambda: "Waiting: " in client.errors)
    few_tasks(client.process.pid, 50)
    ready.set()
    run = client.finish()
    assert run.status == 1
    run.check_account()
    assert run.summary["requests"]["failed_by_kind"] == {"not_sent": 300}
    assert run.errors.splitlines()[-1].endswith(
        " of 300 virtual users started: can't start new thread"
    )
