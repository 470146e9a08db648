"""Connections to addresses that the client chooses, while replicas come and go."""

import socket
import threading
from collections import Counter
from collections.abc import Iterator

import pytest

from long_lived.client.transport.balancer import Balancer
from long_lived.record.error_kind import ErrorKind

from .test_connections import BODY, keeps

HEADLESS = "client.balancing=headless"
SHARED = ("client.connections=shared", "client.concurrency=9")


class Peers:
    """Replicas at their own addresses, all on one port."""

    def __init__(self) -> None:
        self.port = 0
        self.hosts: list[str] = []
        self._listeners: dict[str, socket.socket] = {}

    def start(self, *names: str) -> None:
        """Serve each at `127.0.2.…`, and keep connections."""
        for name in names:
            host = f"127.0.2.{len(self.hosts) + 1}"
            listener = socket.create_server((host, self.port))
            self.port = listener.getsockname()[1]
            self.hosts.append(host)
            self._listeners[name] = listener
            threading.Thread(target=self._serve, args=(listener, name), daemon=True).start()

    def address(self, name: str):
        """Return a replica's address."""
        host = self.hosts[list(self._listeners).index(name)]
        return socket.AF_INET, (host, self.port)

    def addresses(self, *names: str):
        """Return the replicas' addresses."""
        return [self.address(name) for name in names]

    def stop(self, *names: str) -> None:
        """Stop accepting; open connections go on."""
        for name in names or list(self._listeners):
            try:
                self._listeners[name].shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            self._listeners[name].close()

    def _serve(self, listener: socket.socket, name: str) -> None:
        body = BODY.replace(b"server-a", name.encode())
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(peer, body), daemon=True).start()

    @staticmethod
    def _answer(peer: socket.socket, body: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
        with peer:
            peer.settimeout(30)
            try:
                while peer.recv(4096):
                    peer.sendall(head + body)
            except OSError:
                pass


@pytest.fixture
def abc() -> Iterator[Peers]:
    """Serve three replicas."""
    peers = Peers()
    peers.start("a", "b", "c")
    yield peers
    peers.stop()


@pytest.fixture
def users(abc: Peers, call):
    """Make users of one client, each with its own connection, or callers that share them."""

    def make(count: int, *settings: str, policy: str = "round-robin"):
        balancer = Balancer(policy, by_request="client.connections=per-user" not in settings)
        balancer.update(abc.addresses("a", "b", "c"))
        url = f"http://service.invalid:{abc.port}/"
        made = [call(url, HEADLESS, *settings, balancer=balancer, size=9) for _ in range(count)]
        return balancer, made

    return make


PER_USER = "client.connections=per-user"


def asked(callers) -> Counter[str]:
    """Let each send a request; count the answers by replica."""
    return Counter(caller.ask().pod for caller in callers)


def test_users_are_spread_over_the_replicas_and_stay(users) -> None:
    """The url's name is not looked up, and kept connections are kept."""
    _, callers = users(9, PER_USER)
    for _ in range(3):
        assert asked(callers) == {"a": 3, "b": 3, "c": 3}
    assert [caller.book.opened for caller in callers] == [1] * 9


def test_users_move_to_replicas_that_are_new(abc: Peers, users) -> None:
    """They move before their next request, between two, and no more than have to."""
    balancer, callers = users(10, PER_USER)
    asked(callers)
    abc.start("d", "e")
    balancer.update(abc.addresses("a", "b", "c", "d", "e"))
    asked(callers)
    assert asked(callers) == dict.fromkeys("abcde", 2)
    assert sum(caller.book.retired for caller in callers) == 4
    assert sum(caller.book.opened for caller in callers) == 14
    assert all(len(caller.book.still_open()) == 1 for caller in callers)


def test_users_leave_replicas_whose_address_is_gone(abc: Peers, users) -> None:
    """These would still answer, but are about to end."""
    balancer, callers = users(9, PER_USER)
    asked(callers)
    balancer.update(abc.addresses("a"))
    assert asked(callers) == {"a": 9}
    assert sum(caller.book.retired for caller in callers) == 6
    assert balancer.loads() == {abc.address("a"): 9}


def test_replica_that_refuses_costs_nobody_a_request(abc: Peers, users) -> None:
    """Nothing was sent yet, so another address is tried."""
    balancer, callers = users(9, PER_USER)
    abc.stop("b")
    answered = asked(callers)
    assert answered.total() == 9
    assert set(answered) == {"a", "c"}
    assert sum(balancer.loads().values()) == 9


@pytest.mark.parametrize("connections", ["per-user", "shared"])
def test_request_fails_once_every_replica_refuses(connections: str, abc: Peers, users) -> None:
    """The failure is that of the last address, and nothing stays counted as in flight."""
    balancer, (caller,) = users(1, f"client.connections={connections}")
    abc.stop()
    assert caller.fail() is ErrorKind.CONNECT_REFUSED
    assert set(balancer.loads().values()) == {0}


def test_without_an_address_the_name_is_not_resolved(users) -> None:
    """A client that knows no replica says so."""
    balancer, (caller,) = users(1, PER_USER)
    balancer.update([])
    assert caller.fail() is ErrorKind.NAME_UNRESOLVED


def test_shared_connections_are_chosen_for_each_request(abc: Peers, users) -> None:
    """Requests take turns, over one kept connection per replica."""
    balancer, (caller,) = users(1, *SHARED)
    assert asked([caller] * 12) == {"a": 4, "b": 4, "c": 4}
    assert caller.book.opened == 3
    assert set(balancer.loads().values()) == {0}


def test_least_in_flight_avoids_the_replica_that_is_busy(abc: Peers, users) -> None:
    """Requests on shared connections count as in flight until they are answered."""
    balancer, (caller,) = users(1, *SHARED, policy="least-in-flight")
    busy = balancer.choose()
    assert busy is not None
    answered = asked([caller] * 10)
    assert answered.total() == 10
    assert len(answered) == 2
    balancer.leave(busy)
    assert asked([caller] * 9) == {"a": 3, "b": 3, "c": 3}


def test_shared_connections_to_addresses_that_are_gone_are_given_up(abc: Peers, users) -> None:
    """Nobody would choose them again, and they would stay open for nothing."""
    balancer, (caller,) = users(1, *SHARED)
    asked([caller] * 3)
    balancer.update(abc.addresses("a"))
    caller.transport.get_connection_with_tls_context()._swept_at = float("-inf")
    assert asked([caller] * 4) == {"a": 4}
    assert len(caller.book.still_open()) == 1
    assert caller.book.retired == 2


def test_failed_request_is_no_longer_in_flight(scripted, call) -> None:
    """A connection that breaks takes its request with it."""
    port = scripted(lambda peer: peer.recv(4096))
    for connections in ("per-user", "shared"):
        balancer = Balancer("least-in-flight", by_request=connections == "shared")
        balancer.update([(socket.AF_INET, ("127.0.0.1", port))])
        settings = (HEADLESS, f"client.connections={connections}")
        caller = call(f"http://127.0.0.1:{port}/", *settings, balancer=balancer)
        assert caller.fail() is ErrorKind.CONNECTION_LOST
        assert set(balancer.loads().values()) == {0}


def test_host_header_is_the_name_in_the_url(scripted, call) -> None:
    """Host is what clients of a Service send, wherever the connection leads."""
    seen: list[bytes] = []

    def script(peer: socket.socket) -> None:
        seen.append(peer.recv(4096, socket.MSG_PEEK))
        keeps(1)(peer)

    port = scripted(script)
    balancer = Balancer("round-robin", by_request=False)
    balancer.update([(socket.AF_INET, ("127.0.0.1", port))])
    call(f"http://service.invalid:{port}/", HEADLESS, balancer=balancer).ask()
    assert b"\r\nHost: service.invalid:%d\r\n" % port in seen[0]
