"""urllib3's connection, entered in a book, at an address that we choose, and retired in time.

urllib3's connection object outlives its TCP connection (it reconnects by itself), so
everything here counts at the two places where a socket really opens and closes.
"""

import random
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from urllib3.exceptions import (
    ConnectTimeoutError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
)

from long_lived.client.transport.balancer import Balancer
from long_lived.client.transport.connections import Connection, ConnectionBook
from long_lived.client.transport.incoming import BoundedConnection
from long_lived.client.transport.resolver import Address, Resolver, bind
from long_lived.metrics.closing import Closing
from long_lived.settings.sections.connection_limits import ENDLESS, ConnectionLimits

MOST_SESSIONS = 10
"""TLS sessions that a pool takes: each look at one costs 6.6 KB that CPython never gives back
(measured on 3.13.0 with OpenSSL 3.0, 300 connections at a time). The last one is offered again and
again."""

Latest = dict[int, Connection | None]
"""The connection of each user's latest request, by thread or greenlet: threading.local would take
more memory for ten thousand."""


@dataclass(slots=True)
class Sessions:
    """The TLS session of the latest connection of a pool.

    Offered to the next, it spares both sides a full handshake where the server knows it.
    """

    latest: ssl.SSLSession | None = None
    _taken: int = 0

    def take(self, sock: ssl.SSLSocket) -> None:
        """Take the session of a connection, where its handshake was a full one."""
        if not sock.session_reused and self._taken < MOST_SESSIONS:
            self._taken += 1
            self.latest = sock.session or self.latest


class CountedConnection(BoundedConnection):
    """urllib3's connection, which tells the book when its socket opens and closes."""

    _book: ConnectionBook
    _resolver: Resolver
    _sources: Iterator[str]
    _latest: Latest
    _limits: ConnectionLimits
    _balancer: Balancer | None
    _tls: ssl.SSLContext | None = None
    _server_name = ""
    tcp: Connection | None = None
    address: Address | None = None
    """Which of the balancer's addresses it leads to."""
    place: Address | None = None
    """Where the balancer counts it, or the request on it."""
    answers = 0
    sessions: Sessions
    _lifetime = ENDLESS
    _opened_at = 0.0

    def _new_conn(self) -> socket.socket:
        """Connect as urllib3.util.connection.create_connection does, with our addresses."""
        failure: OSError | ProtocolError | None = None
        try:
            for family, address in self._candidates():
                try:
                    return self._connected_to(family, address)
                except OSError as error:
                    failure = error
                except ProtocolError as error:
                    if self._balancer is None:
                        raise
                    failure = error  # nothing was sent: another address may do
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        if isinstance(failure, ProtocolError):
            raise failure
        if isinstance(failure, TimeoutError):
            raise ConnectTimeoutError(self, f"no connection to {self.host} in time") from failure
        raise NewConnectionError(self, f"no connection: {failure}") from failure

    def _candidates(self) -> Iterable[Address]:
        """Return the addresses to try.

        Raises:
            socket.gaierror: there is none.
        """
        if self._balancer is None:
            return self._resolver.addresses(self._dns_host, self.port)
        return self._chosen(self._balancer)

    def _chosen(self, balancer: Balancer) -> Iterator[Address]:
        """Yield the balancer's choices; who asks for the next could not connect to the last."""
        tried: list[Address] = []
        self.place = self.place or balancer.choose()
        if self.place is None:
            raise socket.gaierror(socket.EAI_NONAME, "no replica has an address")
        while self.place is not None:
            yield self.place
            tried.append(self.place)
            balancer.refuse(self.place)
            self.place = balancer.choose(tried)

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
            bind(sock, next(self._sources))
            sock.connect(address)
            return sock if self._tls is None else self._secured(sock, self._tls)
        except (ConnectionResetError, BrokenPipeError) as error:
            self._book.close(self._book.open(sock))
            sock.close()
            # Wrapped as urllib3 does it, which passes over a bare reset while a request is sent.
            raise ProtocolError("Connection aborted.", error) from error
        except OSError:
            sock.close()
            raise

    def _secured(self, sock: socket.socket, tls: ssl.SSLContext) -> ssl.SSLSocket:
        """Shake hands on a connection; where that fails it is entered as opened and closed."""
        try:
            return tls.wrap_socket(
                sock, server_hostname=self._server_name, session=self.sessions.latest
            )
        except OSError as error:
            if isinstance(error, ConnectionResetError | BrokenPipeError):
                raise
            self._book.close(self._book.open(sock))
            if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
                raise ProtocolError("Connection aborted.", error) from error
            raise

    def connect(self) -> None:
        """Connect, enter it in the book, and draw how long it is to live."""
        user = threading.get_ident()
        self._latest[user] = self.tcp = None
        super().connect()
        self._latest[user] = self.tcp = self._book.open(self.sock)
        if self._limits.limited:
            self._lifetime = self._limits.lifetime(random.uniform)
            self._opened_at = time.monotonic()
            self.answers = 0
        if self._balancer is not None and self.place is not None:
            self.address = self.place
            self._balancer.trust(self.address)

    def close(self) -> None:
        """Close, and enter it in the book."""
        if self.tcp is not None and self.sock is not None:
            self._book.close(self.tcp, self.ends_by)
        if isinstance(self.sock, ssl.SSLSocket):
            self.sessions.take(self.sock)
        self.leave()
        super().close()

    @property
    def is_connected(self) -> bool:
        """Whether it can carry the next request; if not, its end may be gone."""
        connected = super().is_connected
        self.ends_by = Closing.FAILED if self.unasked else Closing.PEER
        balancer, address = self._balancer, self.address
        if not (connected or self.sock is None or balancer is None or address is None):
            balancer.doubt(address)
        return connected

    @property
    def due(self) -> bool:
        """Whether it is open and at its end: of its own limits, or because its address is gone."""
        if self.sock is None:
            return False
        if self.answers >= self._lifetime.requests:
            return True
        if self._lifetime.age_seconds <= time.monotonic() - self._opened_at:
            return True
        balancer, address = self._balancer, self.address
        return balancer is not None and address is not None and not balancer.lists(address)

    def retire(self) -> None:
        """Close it by the client's own choice; it must be between two requests."""
        if self.tcp is not None:
            self._book.retire(self.tcp)
        self.close()

    def move(self, balancer: Balancer) -> None:
        """Retire it if its next request is better off at another address, and connect there."""
        if self.sock is None or self.place is None:
            return
        better = balancer.move(self.place)
        if better is not None:
            self.place = None  # counted there no more
            self.retire()
            self.place = better

    def leave(self) -> None:
        """Let the balancer count one less where it counts this."""
        if self._balancer is not None and self.place is not None:
            place, self.place = self.place, None
            self._balancer.leave(place)
