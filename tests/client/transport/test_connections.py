"""Connections: each is numbered once, kept or closed as wanted, and entered when it ends."""

import select
import socket
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from long_lived.client.clock import Clock
from long_lived.client.transport.connections import Connection, ConnectionBook

BODY = b'{"pod": "server-a","delay_seconds":0}'


def answer(*headers: bytes) -> bytes:
    """Make a complete answer."""
    lines = [b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(BODY), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + BODY


def keeps(requests: int, *headers: bytes) -> Callable[[socket.socket], None]:
    """Make a peer that answers this many requests on a connection, then closes it."""

    def script(peer: socket.socket) -> None:
        seen = b""
        for _ in range(requests):
            while b"\r\n\r\n" not in seen:
                piece = peer.recv(4096)
                if not piece:
                    return
                seen += piece
            seen = seen.partition(b"\r\n\r\n")[2]
            peer.sendall(answer(*headers))

    return script


def await_end(caller) -> None:
    """Block until the peer has closed the caller's only open connection, if that is not known."""
    for sock in caller.book._open.values():
        assert select.select([sock], [], [], 30)[0]


def test_kept_connection_carries_all_requests(scripted, call) -> None:
    """Successive requests use one connection, which stays open."""
    caller = call(f"http://127.0.0.1:{scripted(keeps(9))}/")
    connections = {caller.ask().connection for _ in range(3)}
    assert {connection.number for connection in connections} == {1}
    assert caller.book.opened == 1
    assert caller.book.still_open() == list(connections)


def test_connection_per_request_is_closed_by_the_client(scripted, call) -> None:
    """In mode per-request each request opens a connection that the server would keep."""
    caller = call(f"http://127.0.0.1:{scripted(keeps(9))}/", "client.keepAlive.mode=per-request")
    assert [caller.ask().connection.number for _ in range(3)] == [1, 2, 3]
    assert caller.book.still_open() == []
    assert [item.number for item in caller.ended] == [1, 2, 3]
    assert all(item.closed_seconds is not None for item in caller.ended)


def test_connection_closed_by_the_server_is_reopened(scripted, call) -> None:
    """After `Connection: close` the next request opens another connection."""
    caller = call(f"http://127.0.0.1:{scripted(keeps(1, b'Connection: close'))}/")
    first, second = caller.ask(), caller.ask()
    assert (first.close_announced, second.close_announced) == (True, True)
    assert (first.connection.number, second.connection.number) == (1, 2)
    assert caller.book.still_open() == []


def test_connection_closed_between_requests_is_no_failure(scripted, call) -> None:
    """A connection that the server closes in a pause is noticed before the next request."""
    caller = call(f"http://127.0.0.1:{scripted(keeps(1))}/")
    first = caller.ask()
    assert not first.close_announced
    await_end(caller)
    assert caller.ask().connection.number == 2
    assert caller.ended[0] is first.connection


def test_idle_timeout_of_the_server_is_no_failure(start_server, call) -> None:
    """After a real server's idle timeout the next request opens a connection, and succeeds."""
    server = start_server(
        "server.runtime=gunicorn",
        "server.keepAlive.idleTimeoutSeconds=1",
        *("server.delay.minSeconds=0", "server.delay.maxSeconds=0"),
    )
    caller = call(server.url)
    first = [caller.ask().connection.number for _ in range(2)]
    await_end(caller)
    assert [*first, caller.ask().connection.number] == [1, 1, 2]
    assert server.stats()["connections"] == 2


def test_source_address_is_the_one_asked_for(scripted, call) -> None:
    """A client connects from its own address, as a pod has its own IP."""
    seen: list[str] = []

    def script(peer: socket.socket) -> None:
        seen.append(peer.getpeername()[0])
        keeps(1)(peer)

    port = scripted(script)
    call(f"http://127.0.0.1:{port}/", source_addresses=("127.0.0.77",)).ask()
    call(f"http://127.0.0.1:{port}/").ask()
    assert seen == ["127.0.0.77", "127.0.0.1"]


def test_request_is_never_sent_twice(scripted, call) -> None:
    """A lost answer is a failure that no retry hides."""
    arrivals: list[bytes] = []

    def script(peer: socket.socket) -> None:
        arrivals.append(peer.recv(4096))

    caller = call(f"http://127.0.0.1:{scripted(script)}/")
    caller.fail()
    assert len(arrivals) == 1


@pytest.fixture
def book() -> ConnectionBook:
    """Make a book that records in `ended` the ends reported to it."""
    ended: list[Connection] = []
    made = ConnectionBook(Clock(), ended.append)
    made.ended = ended
    return made


@pytest.fixture
def pair():
    """Connect two sockets, which close with the test."""
    near, far = socket.socketpair()
    with near, far:
        yield near, far


def test_book_enters_an_end_once(book, pair) -> None:
    """A connection's second end has no effect."""
    connection = book.open(pair[0])
    book.close(connection)
    book.close(connection)
    assert book.ended == [connection]
    assert (book.opened, book.still_open()) == (1, [])


def test_book_drops_what_the_peer_has_closed(book, pair) -> None:
    """A connection whose peer is gone is entered as closed."""
    connection = book.open(pair[0])
    pair[1].close()
    book.drop_closed_by_peer()
    assert book.ended == [connection]


@pytest.mark.parametrize("unread", [b"", b"half an answer"], ids=["silent", "unread"])
def test_book_keeps_what_the_peer_keeps(unread: bytes, book, pair) -> None:
    """A silent connection is open, and so is one whose answer is still unread."""
    connection = book.open(pair[0])
    pair[1].sendall(unread)
    book.drop_closed_by_peer()
    assert book.still_open() == [connection]


def test_book_passes_over_a_socket_that_its_user_has_closed(book, pair) -> None:
    """A closed socket that is not entered yet is left to the user who closed it."""
    connection = book.open(pair[0])
    pair[0].close()
    book.drop_closed_by_peer()
    assert book.still_open() == [connection]


def test_book_survives_users_that_close_meanwhile(book, monkeypatch) -> None:
    """A descriptor that is freed between check and use ends no other connection."""
    near, far = socket.socketpair()
    connection = book.open(near)
    far.close()

    class Poll:
        def register(self, descriptor: int, _events: int) -> None:
            self.descriptor = descriptor

        def poll(self, _timeout: int) -> list[tuple[int, int]]:
            near.close()
            return [(self.descriptor, select.POLLNVAL)]

    monkeypatch.setattr("long_lived.client.transport.connections.select.poll", Poll)
    book.drop_closed_by_peer()
    assert book.still_open() == [connection]


def test_book_numbers_connections_of_many_threads_once(book) -> None:
    """However many threads open connections, no number is given twice."""
    numbers: list[int] = []

    def open_some() -> None:
        with socket.socket() as sock:
            numbers.extend(book.open(sock).number for _ in range(200))

    threads = [threading.Thread(target=open_some) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == list(range(1, 1601))


@pytest.mark.parametrize("engine", ["", "from gevent import monkey; monkey.patch_all()"])
def test_connection_whose_answer_is_taken_is_not_waited_for(engine: str) -> None:
    """The search for closed connections goes on, whatever a user has read meanwhile."""
    program = (
        f"{engine}\nimport socket; from long_lived.client.transport.connections import _at_end\n"
        "ours, theirs = socket.socketpair(); ours.settimeout(60)\n"
        "print(_at_end(ours.fileno()))\n"
        "theirs.close(); print(_at_end(ours.fileno()))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True
    )
    assert run.stdout.split() == ["False", "True"]
