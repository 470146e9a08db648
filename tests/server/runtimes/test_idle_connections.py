"""An idle connection that is due, and a request that has just arrived on it."""

import selectors
import socket
from collections import deque
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from long_lived.server.runtimes.gunicorn.workers.thread import ThreadWorker


class Worker(ThreadWorker):
    """The worker's account of idle connections, without a server around it."""

    def __init__(self) -> None:
        self.keepalived_conns = deque()
        self.poller = selectors.DefaultSelector()
        self.nr_conns = 0
        self.answered: list[socket.socket] = []

    def enqueue_req(self, conn: SimpleNamespace) -> None:
        self.answered.append(conn.sock)

    def keep(self, sock: socket.socket, timeout: float) -> None:
        """Hold a connection until `timeout`, by the monotonic clock."""
        self.keepalived_conns.append(SimpleNamespace(sock=sock, timeout=timeout, close=sock.close))
        self.poller.register(sock, selectors.EVENT_READ)
        self.nr_conns += 1


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Give both ends of a connection."""
    server, client = socket.socketpair()
    with server, client:
        yield server, client


def test_request_that_has_just_arrived_is_answered(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    """The connection is due, and its request goes to a thread all the same."""
    server, client = pair
    worker = Worker()
    worker.keep(server, timeout=0.0)
    client.sendall(b"GET / HTTP/1.1\r\n")
    worker.murder_keepalived()
    assert worker.answered == [server]
    assert (worker.nr_conns, len(worker.keepalived_conns)) == (1, 0)
    assert server.recv(5) == b"GET /"


@pytest.mark.parametrize("ended", [False, True], ids=["silent", "closed-by-the-client"])
def test_idle_connection_that_is_due_is_closed(
    ended: bool, pair: tuple[socket.socket, socket.socket]
) -> None:
    """Nothing has arrived, or the end: there is nobody to answer."""
    server, client = pair
    worker = Worker()
    worker.keep(server, timeout=0.0)
    if ended:
        client.close()
    worker.murder_keepalived()
    assert (worker.answered, worker.nr_conns) == ([], 0)
    assert server.fileno() == -1


def test_idle_connection_that_is_not_due_stays(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    """Until its time, or until the worker ends."""
    server, _ = pair
    worker = Worker()
    worker.keep(server, timeout=float("inf"))
    worker.murder_keepalived()
    assert worker.nr_conns == 1
    worker.murder_keepalived(force=True)
    assert (worker.nr_conns, server.fileno()) == (0, -1)
