"""Asking a replica, whether or not it hangs."""

import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.waiting import eventually

from long_lived.lab.local.replica import Replica, replica_name
from long_lived.lab.processes.child import Processes

SERVER = """
import http.server, sys

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        print("asked", self.path, flush=True)
        self.send_response(200 if sys.argv[1] == "ready" else 503)
        self.end_headers()
    def log_message(self, *_): pass

server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print("port", server.server_port, flush=True)
server.serve_forever()
"""


@pytest.fixture
def asking() -> Iterator[ThreadPoolExecutor]:
    """Make the threads that ask replicas."""
    with ThreadPoolExecutor(2) as threads:
        yield threads


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    """Start servers; each ends with the test."""
    with Processes(tmp_path) as started:
        yield started


def started(processes: Processes, state: str, asking: ThreadPoolExecutor) -> Replica:
    """Start a server, and wait until it listens."""
    child = processes.start("server-a", [sys.executable, "-c", SERVER, state])
    (line,) = eventually(child.lines)
    return Replica("server-a", "127.0.0.1", int(line.split()[1]), child, asking)


def questions(replica: Replica) -> int:
    """Count what a server has been asked."""
    return replica.child.lines().count("asked /readyz")


def test_replica_that_hangs_holds_nobody_up(
    processes: Processes, asking: ThreadPoolExecutor
) -> None:
    """Its probe stays open while the lab goes on, and is the one answered in the end."""
    replica = started(processes, "ready", asking)
    replica.child.signal(signal.SIGSTOP)
    assert not any(replica.ready() for _ in range(100))
    replica.child.signal(signal.SIGCONT)
    eventually(replica.ready)
    assert replica.ready()
    assert questions(replica) == 1


def test_replica_that_is_not_ready_is_asked_again(
    processes: Processes, asking: ThreadPoolExecutor
) -> None:
    """An answer other than 200 means no, but not for ever."""
    replica = started(processes, "starting", asking)

    def asked_twice() -> bool:
        assert not replica.ready()
        return questions(replica) > 1

    eventually(asked_twice)


def test_replica_that_has_ended_has_no_counts(
    processes: Processes, asking: ThreadPoolExecutor
) -> None:
    """A port without a listener gives no answer."""
    replica = started(processes, "ready", asking)
    processes.stop([replica.child], signal.SIGKILL, 0.0)
    assert replica.counts() is None
    assert not replica.ready()


@pytest.mark.parametrize(
    ("index", "name"), [(0, "server-a"), (25, "server-z"), (26, "server-aa"), (701, "server-zz")]
)
def test_replicas_are_named_like_columns(index: int, name: str) -> None:
    """After z comes aa."""
    assert replica_name(index) == name
