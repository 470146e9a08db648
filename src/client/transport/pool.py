"""urllib3's pool, of connections that are entered in a book and use our resolver.

urllib3's connection object outlives its TCP connection (it reconnects by itself), so
everything here counts at the two places where a socket really opens and closes.
"""

import queue
import socket
import threading
from typing import Any, cast

from urllib3 import HTTPConnectionPool
from urllib3.exceptions import (
    ConnectTimeoutError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
)

from long_lived.client.transport.connections import Connection, ConnectionBook
from long_lived.client.transport.errors import UnaskedAnswer
from long_lived.client.transport.incoming import BoundedConnection
from long_lived.client.transport.resolver import Resolver

IP_BIND_ADDRESS_NO_PORT = getattr(socket, "IP_BIND_ADDRESS_NO_PORT", 24)
"""Leaves the choice of the source port to connect(), which may reuse one for another
destination. Source: ip(7), Linux 4.2; missing in CPython's socket module before 3.12."""

Latest = dict[int, Connection | None]
"""The connection of each user's latest request, by thread or greenlet: threading.local would take
more memory for ten thousand."""


class CountedConnection(BoundedConnection):
    """urllib3's connection, which tells the book when its socket opens and closes."""

    _book: ConnectionBook
    _resolver: Resolver
    _source: str
    _latest: Latest
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


class _Stack:
    """What urllib3 asks of a pool's queue, without the three conditions (2 KB) of LifoQueue.

    A list's append and pop are atomic; nobody ever waits, because the pool does not block.
    The pool closes a connection that does not fit.
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
    of_users: Latest = {}

    class Counted(CountedConnection):
        _book, _resolver, _source, _latest = book, resolver, source_address, of_users

    class CountedPool(HTTPConnectionPool):
        ConnectionCls = Counted
        QueueCls = _Stack  # type: ignore[assignment]
        latest = of_users

        def _get_conn(self, timeout: float | None = None) -> Any:
            """Take a connection; close and refuse a kept one with bytes that nobody asked for."""
            connection = cast(Counted, super()._get_conn(timeout))
            of_users[threading.get_ident()] = connection.tcp
            if connection.unasked:
                raise UnaskedAnswer("the connection held bytes that no request had asked for")
            return connection

    return CountedPool
