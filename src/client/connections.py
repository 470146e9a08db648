"""TCP connections: each one is numbered, aged and followed to the pod that answers on it.

urllib3's connection object outlives its TCP connection (it reconnects by itself), so
everything here counts at the two places where a socket really opens and closes.
No request is ever sent twice: retries are off.
"""

import os
import queue
import select
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

from requests import PreparedRequest
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPResponse, Retry
from urllib3.exceptions import (
    ConnectTimeoutError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
)
from urllib3.util import Timeout

from long_lived.client.clock import Clock
from long_lived.client.errors import UnaskedAnswer
from long_lived.client.incoming import BoundedConnection
from long_lived.client.resolver import Resolver

IP_BIND_ADDRESS_NO_PORT = getattr(socket, "IP_BIND_ADDRESS_NO_PORT", 24)
"""Leaves the choice of the source port to connect(), which may reuse one for another
destination. Source: ip(7), Linux 4.2; missing in CPython's socket module before 3.12."""


_NO_RETRY = Retry(0, read=False)
"""What requests passes by default, shared by all transports."""


@dataclass(slots=True, eq=False)
class Connection:
    """One TCP connection, by what the client knows of it."""

    number: int
    opened_seconds: float
    closed_seconds: float | None = None
    requests: int = 0
    pod: str | None = None
    end_counted: bool = False
    several_pods: bool = False


_Latest = dict[int, Connection | None]
"""The connection of each user's latest request, by thread or greenlet; ten thousand of
threading.local would take more memory."""


class ConnectionBook:
    """Numbers connections as they open and remembers which are open. Thread-safe."""

    def __init__(self, clock: Clock, on_close: Callable[[Connection], None]) -> None:
        """Start empty; `on_close` is called, outside the lock, once for each closed connection."""
        self._clock = clock
        self._on_close = on_close
        self._lock = threading.Lock()
        self._open: dict[Connection, socket.socket] = {}
        self.opened = 0

    def open(self, sock: socket.socket) -> Connection:
        """Enter a connection that has just been established."""
        with self._lock:
            self.opened += 1
            connection = Connection(self.opened, self._clock.elapsed_seconds())
            self._open[connection] = sock
        return connection

    def close(self, connection: Connection) -> None:
        """Enter that the connection is closed; a second time is without effect."""
        with self._lock:
            if self._open.pop(connection, None) is None:
                return
            connection.closed_seconds = self._clock.elapsed_seconds()
        self._on_close(connection)

    def drop_closed_by_peer(self) -> None:
        """Enter as closed what the servers have closed and no request has noticed yet."""
        with self._lock:
            by_descriptor = {sock.fileno(): item for item, sock in self._open.items()}
        by_descriptor.pop(-1, None)
        poll = select.poll()
        for descriptor in by_descriptor:
            poll.register(descriptor, select.POLLIN | select.POLLHUP)
        for descriptor, _ in poll.poll(0):
            if _at_end(descriptor):
                self.close(by_descriptor[descriptor])

    def still_open(self) -> list[Connection]:
        """List the open connections, oldest first."""
        with self._lock:
            return list(self._open)


def _at_end(descriptor: int) -> bool:
    """Tell whether a readable connection is closed or reset, rather than holding an answer."""
    try:
        copy = os.dup(descriptor)
    except OSError:  # closed meanwhile, by a user, who enters that
        return False
    with socket.socket(fileno=copy) as sock:
        # MSG_DONTWAIT would not do: gevent waits where the kernel does not, and a user may have
        # taken what made the connection readable.
        sock.settimeout(0)
        try:
            return sock.recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True


class Transport(HTTPAdapter):
    """requests' adapter over a pool of connections that are entered in a book.

    It is called as it is, and not for a Session to mount (`Exchange` says why): what it
    returns is urllib3's response, of which a Session could make nothing.

    One for each virtual user makes one connection each; one for all makes a shared
    pool, which is LIFO as in urllib3. There is one server: a manager of pools, which
    requests puts in between, would cost memory and time for each user and decide nothing.
    """

    def __init__(self, url: str, pool_class: type[HTTPConnectionPool], size: int) -> None:
        """Keep up to `size` connections to the server of `url`; 0 closes each after its answer.

        A client that sends `Connection: close` must not send again on that connection
        (RFC 9112, 9.6), whatever the server answers; urllib3 leaves that to its user.
        """
        parts = urlsplit(url)
        if parts.hostname is None:
            raise ValueError(f"no host in {url!r}")
        self._pool = pool_class(parts.hostname, parts.port or 80, maxsize=size)
        super().__init__(max_retries=_NO_RETRY)

    def latest(self) -> Connection | None:
        """Return the connection of the calling user's latest request; None where there was none.

        A user is a thread or greenlet.
        """
        latest: _Latest = self._pool.latest  # type: ignore[attr-defined]
        return latest.get(threading.get_ident())

    def ask(self, request: PreparedRequest, timeout: Timeout) -> HTTPResponse:
        """Send a request; return its answer, of which the body is still to be read."""
        response: HTTPResponse = self.send(  # type: ignore[assignment] # see build_response
            request,
            timeout=timeout,  # type: ignore[arg-type] # typeshed's requests knows floats only
            proxies={},
        )
        return response

    def init_poolmanager(self, *_: Any, **__: Any) -> None:
        """Make no manager: there is one pool."""

    def build_response(self, _: Any, resp: Any) -> Any:
        """Return urllib3's response as it is.

        requests would put one of its own around it, with a cookie jar, a copy of the header
        and a generator for the body: a twelfth of the client's CPU (measured with gevent, in
        turns, six each: 15.2 against 14.1 s), and nothing of it is read here.
        """
        return resp

    def request_url(self, request: Any, _: Any) -> Any:
        """Return the path and query, without a look for proxies: there are none."""
        return request.path_url

    def get_connection_with_tls_context(self, *_: Any, **__: Any) -> HTTPConnectionPool:
        """Return the pool. Source: requests 2.34 adapters.py, which calls this for each request."""
        return self._pool


class _Stack:
    """What urllib3 asks of a pool's queue, without the three conditions (2 KB) of LifoQueue.

    A list's append and pop are atomic; nobody ever waits, because the pool does not block.
    A connection for which there is no room is closed by the pool.
    """

    def __init__(self, maxsize: int) -> None:
        self._maxsize = maxsize
        self._items: list[Any] = []

    def put(self, item: Any, block: bool = True) -> None:  # noqa: ARG002 - urllib3 passes it
        if len(self._items) >= self._maxsize:
            raise queue.Full
        self._items.append(item)

    def get(self, block: bool = True, timeout: float | None = None) -> Any:  # noqa: ARG002
        try:
            return self._items.pop()
        except IndexError:
            raise queue.Empty from None

    def qsize(self) -> int:
        return len(self._items)


def counted_pool(
    book: ConnectionBook, resolver: Resolver, source_address: str = ""
) -> type[HTTPConnectionPool]:
    """Make the pool class whose connections are entered in `book`.

    urllib3 builds connections itself and takes no arguments of ours: a class carries them.
    `source_address` is the local address to connect from; empty lets the kernel choose.
    """
    of_users: _Latest = {}

    class Counted(CountedConnection):
        _book, _resolver, _source, _latest = book, resolver, source_address, of_users

    class CountedPool(HTTPConnectionPool):
        ConnectionCls = Counted
        QueueCls = _Stack  # type: ignore[assignment]
        latest = of_users

        def _get_conn(self, timeout: float | None = None) -> Any:
            """Take a connection; a kept one that holds what nobody asked for is closed."""
            connection = cast(Counted, super()._get_conn(timeout))
            of_users[threading.get_ident()] = connection.tcp
            if connection.unasked:
                raise UnaskedAnswer("the connection held bytes that no request had asked for")
            return connection

    return CountedPool


class CountedConnection(BoundedConnection):
    """urllib3's connection, which tells the book when its socket opens and closes."""

    _book: ConnectionBook
    _resolver: Resolver
    _source: str
    _latest: _Latest
    tcp: Connection | None = None

    def _new_conn(self) -> socket.socket:
        """Connect as urllib3.util.connection.create_connection does, with our resolver."""
        try:
            addresses = self._resolver.addresses(self._dns_host, self.port)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        failure: OSError | None = None
        for family, address in addresses:
            try:
                return self._connected_to(family, address)
            except OSError as error:
                failure = error
        if isinstance(failure, TimeoutError):
            raise ConnectTimeoutError(self, f"no connection to {self.host} in time") from failure
        raise NewConnectionError(self, f"no connection: {failure}") from failure

    def _connected_to(self, family: int, address: tuple[Any, ...]) -> socket.socket:
        """Connect to one address.

        A reset that answers a SYN is reported as refused; reset and broken pipe say that the
        handshake was done and the peer has gone since (tcp_reset in Linux's
        net/ipv4/tcp_input.c). That was a connection: it is entered as opened and closed.
        """
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(self.timeout)
            if self._source:
                sock.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
                sock.bind((self._source, 0))
            sock.connect(address)
        except (ConnectionResetError, BrokenPipeError) as error:
            self._book.close(self._book.open(sock))
            sock.close()
            # Wrapped as urllib3 does it, which passes over a bare reset while a request is sent.
            raise ProtocolError("Connection aborted.", error) from error
        except OSError:
            sock.close()
            raise
        return sock

    def connect(self) -> None:
        """Connect, and enter it in the book."""
        user = threading.get_ident()
        self._latest[user] = self.tcp = None
        super().connect()
        self._latest[user] = self.tcp = self._book.open(self.sock)

    def close(self) -> None:
        """Close, and enter it in the book."""
        if self.tcp is not None and self.sock is not None:
            self._book.close(self.tcp)
        super().close()
