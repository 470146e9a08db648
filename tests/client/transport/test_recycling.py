"""Recycling: each connection is retired at its own limit, and only between two requests."""

import socket
from collections import Counter
from collections.abc import Callable

import pytest

from long_lived.client.transport import counted
from long_lived.record.error_kind import ErrorKind

from .test_connections import answer, keeps

RECYCLE = "client.keepAlive.mode=recycle"
EXACT = "client.keepAlive.jitterRatio=0"


class Hand:
    """A monotonic clock that only the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Hand:
    """Make connections age by hand."""
    hand = Hand()
    monkeypatch.setattr(counted, "time", hand)
    return hand


def test_connection_is_closed_right_after_the_answer_that_reaches_its_limit(scripted, call) -> None:
    """It does not stay open until the next request, which opens another."""
    limit = "client.keepAlive.maxRequests=3"
    caller = call(f"http://127.0.0.1:{scripted(keeps(99))}/", RECYCLE, EXACT, limit)
    numbers, still_open = [], []
    for _ in range(7):
        numbers.append(caller.ask().connection.number)
        still_open.append(len(caller.book.still_open()))
    assert numbers == [1, 1, 1, 2, 2, 2, 3]
    assert still_open == [1, 1, 0, 1, 1, 0, 1]
    assert [item.number for item in caller.ended] == [1, 2]
    assert caller.book.retired == 2


def test_connection_that_is_too_old_carries_no_further_request(scripted, call, clock: Hand) -> None:
    """It is retired when the next request would have used it, and no earlier."""
    limit = "client.keepAlive.maxAgeSeconds=5"
    caller = call(f"http://127.0.0.1:{scripted(keeps(99))}/", RECYCLE, EXACT, limit)
    numbers = []
    for _ in range(5):
        numbers.append(caller.ask().connection.number)
        clock.now += 2
    assert numbers == [1, 1, 1, 2, 2]
    assert caller.book.retired == 1


def test_connection_is_never_retired_in_the_middle_of_a_request(
    scripted, call, clock: Hand
) -> None:
    """One that grows too old during an answer is closed once that is complete."""

    def script(peer: socket.socket) -> None:
        while peer.recv(4096):
            clock.now += 60
            peer.sendall(answer())

    limit = "client.keepAlive.maxAgeSeconds=5"
    caller = call(f"http://127.0.0.1:{scripted(script)}/", RECYCLE, EXACT, limit)
    assert [caller.ask().connection.number for _ in range(3)] == [1, 2, 3]
    assert caller.book.still_open() == []
    assert caller.book.retired == 3


def test_each_connection_draws_its_own_limits(scripted, call) -> None:
    """Limits lie within the jitter around the setting, and differ."""
    limits = ("client.keepAlive.maxRequests=10", "client.keepAlive.jitterRatio=0.5")
    caller = call(f"http://127.0.0.1:{scripted(keeps(99))}/", RECYCLE, *limits)
    carried = Counter(caller.ask().connection.number for _ in range(300))
    ended = [carried[item.number] for item in caller.ended]
    assert len(ended) >= 300 / 15 - 1
    assert all(5 <= requests <= 15 for requests in ended)
    assert len(set(ended)) > 2


@pytest.mark.parametrize("mode", ["persistent", "per-request"])
def test_nothing_is_retired_in_the_other_modes(mode: str, scripted, call) -> None:
    """Only recycling retires a connection that could be kept."""
    caller = call(f"http://127.0.0.1:{scripted(keeps(99))}/", f"client.keepAlive.mode={mode}")
    for _ in range(20):
        caller.ask()
    assert caller.book.retired == 0


def test_connection_that_the_server_closes_is_not_retired(scripted, call) -> None:
    """One with `Connection: close` ends by the server's choice, even at its limit."""
    limit = "client.keepAlive.maxRequests=1"
    closes = keeps(1, b"Connection: close")
    caller = call(f"http://127.0.0.1:{scripted(closes)}/", RECYCLE, EXACT, limit)
    assert [caller.ask().connection.number for _ in range(3)] == [1, 2, 3]
    assert caller.book.retired == 0


def test_retiring_hides_no_unasked_bytes(scripted, call) -> None:
    """A server that mixes up answers is found out even on a connection at its limit."""

    def script(peer: socket.socket) -> None:
        peer.recv(4096)
        peer.sendall(answer() + b"more")
        peer.recv(4096)

    limit = "client.keepAlive.maxRequests=1"
    caller = call(f"http://127.0.0.1:{scripted(script)}/", RECYCLE, EXACT, limit)
    caller.ask()
    assert caller.fail() is ErrorKind.UNASKED_ANSWER


def one_after_another(pool, hold: int) -> Callable[[], list[int]]:
    """Take this many connections, and put them back in order; return how to use one each."""
    taken = [pool._get_conn() for _ in range(hold)]
    for connection in taken:
        connection.connect()
    for connection in taken:
        pool._put_conn(connection)

    def use() -> int:
        connection = pool._get_conn()
        number = connection.tcp.number
        pool._put_conn(connection)
        return number

    return lambda: [use() for _ in range(2 * hold)]


@pytest.mark.parametrize(
    ("connections", "used"),
    [("shared", [4] * 8), ("shared-fifo", [1, 2, 3, 4, 1, 2, 3, 4])],
)
def test_shared_pool_takes_what_was_used_last_or_what_idled_longest(
    connections: str, used: list[int], scripted, call
) -> None:
    """After a burst on four connections LIFO stays on one of them, and FIFO takes turns."""
    ends: list[socket.socket] = []
    listener = socket.create_server(("127.0.0.1", 0))
    with listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        caller = call(url, f"client.connections={connections}", "client.concurrency=4", size=4)
        use = one_after_another(caller.transport.get_connection_with_tls_context(), 4)
        ends += [listener.accept()[0] for _ in range(4)]
        assert use() == used
    for end in ends:
        end.close()


def test_idle_connections_of_a_shared_pool_do_not_linger(call, clock: Hand) -> None:
    """LIFO never takes the bottom again: those too old there close while others are used."""
    limit = "client.keepAlive.maxAgeSeconds=5"
    listener = socket.create_server(("127.0.0.1", 0))
    with listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        caller = call(url, RECYCLE, EXACT, limit, "client.connections=shared", size=4)
        pool = caller.transport.get_connection_with_tls_context()
        use = one_after_another(pool, 4)
        ends = [listener.accept()[0] for _ in range(4)]
        clock.now += 6
        pool._swept_at = float("-inf")
        connection = pool._get_conn()
        assert connection.sock is None, "it was the one on top, and is too old"
        connection.connect()
        ends.append(listener.accept()[0])
        pool._put_conn(connection)
        assert [item.number for item in caller.book.still_open()] == [5]
        assert caller.book.retired == 4
        assert set(use()) == {5}
    for end in ends:
        end.close()
