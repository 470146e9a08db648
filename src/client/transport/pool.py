"""urllib3's pool, of connections that are entered in a book and use our addresses.

The client itself closes a kept connection only between two requests: when it takes it for one,
when its answer is complete, or while it is idle. So no request can be lost to that.
"""

import itertools
import ssl
import threading
import time
from collections.abc import Sequence
from typing import Any, cast

from urllib3 import HTTPConnectionPool

from long_lived.client.target.bounds import WIRE_BYTES, most_body_bytes
from long_lived.client.transport.balancer import Balancer
from long_lived.client.transport.connections import ConnectionBook
from long_lived.client.transport.counted import CountedConnection, Latest, Sessions
from long_lived.client.transport.errors import UnaskedAnswer
from long_lived.client.transport.idle import Shared, SharedFifo, Stack
from long_lived.client.transport.resolver import Resolver
from long_lived.metrics.closing import Closing
from long_lived.settings import Client

SWEEP_SECONDS = 1.0
"""How often a shared pool looks for idle connections that are to be retired: with LIFO nobody
takes those at the bottom."""


class CountedPool(HTTPConnectionPool):
    """urllib3's pool, which retires connections between two requests."""

    latest: Latest
    balancer: Balancer | None
    retires: bool
    """Whether there is any reason for which a connection may be retired."""
    _swept_at = 0.0

    def __init__(self, host: str, port: int | None = None, **given: Any) -> None:
        """Keep connections to `host`."""
        self._sessions = Sessions()
        super().__init__(host, port, **given)

    def _new_conn(self) -> Any:
        """Make a connection, which does not connect yet."""
        connection = cast(CountedConnection, super()._new_conn())
        connection.sessions = self._sessions
        return connection

    def _get_conn(self, timeout: float | None = None) -> Any:
        """Take a connection; close and refuse a kept one with bytes that nobody asked for."""
        if self.balancer is not None and self.balancer.by_request:
            connection = self._to_the_choice_of(self.balancer)
        else:
            connection = cast(CountedConnection, super()._get_conn(timeout))
        self.latest[threading.get_ident()] = connection.tcp
        connection.ends_by = Closing.FAILED
        if connection.unasked:
            connection.leave()
            raise UnaskedAnswer("the connection held bytes that no request had asked for")
        if self.retires:
            if connection.due:
                connection.retire()
            elif self.balancer is not None and not self.balancer.by_request:
                connection.move(self.balancer)
        return connection

    def _to_the_choice_of(self, balancer: Balancer) -> CountedConnection:
        """Take a connection to the address that is chosen for the next request."""
        place = balancer.choose()
        connection = cast(Shared, self.pool).take(place)
        if connection is None:
            connection = cast(CountedConnection, self._new_conn())
        elif not connection.is_connected:
            connection.close()
        connection.place = place
        return connection

    def _put_conn(self, conn: Any) -> None:
        """Put a connection back whose answer is complete, unless it is due."""
        if conn is not None:
            conn.ends_by = Closing.ANSWERED
        if self.retires and conn is not None:
            connection = cast(CountedConnection, conn)
            connection.answers += 1
            if self.balancer is not None and connection.address is not None:
                self.balancer.trust(connection.address)
                if self.balancer.by_request:
                    connection.leave()
            if connection.due and connection.is_connected:
                connection.retire()
            if isinstance(self.pool, Shared):
                self._sweep(self.pool)
                if connection.sock is None:
                    return  # its address may never be chosen again
        super()._put_conn(conn)

    def _sweep(self, idle: Shared) -> None:
        """Retire idle connections that are due, now and then."""
        now = time.monotonic()
        if now - self._swept_at < SWEEP_SECONDS:
            return
        self._swept_at = now
        for connection in idle.take_all(lambda one: one.due):
            if connection.is_connected:
                connection.retire()
            elif connection.unasked:
                idle.put(connection)  # for the next request to find that
            else:
                connection.close()


def counted_pool(
    book: ConnectionBook,
    resolver: Resolver,
    settings: Client,
    source_addresses: Sequence[str] = (),
    balancer: Balancer | None = None,
    *,
    tls: ssl.SSLContext | None = None,
    server_name: str = "",
) -> type[HTTPConnectionPool]:
    """Make the pool class whose connections are entered in `book`.

    urllib3 builds connections itself and takes no arguments of ours: a class carries them.

    Args:
        book: where they are entered.
        resolver: finds the addresses of the url's host, where there is no `balancer`.
        settings: what pools there are, and how connections are kept.
        source_addresses: to connect from, taken in turns; none lets the kernel choose.
        balancer: chooses among the addresses of the replicas; None goes where the url leads.
        tls: how connections are encrypted; None leaves them plain.
        server_name: the name that a certificate must be for.
    """
    of_users: Latest = {}
    sources = itertools.cycle(source_addresses or [""])
    queues = {"per-user": Stack, "shared": Shared, "shared-fifo": SharedFifo}

    class Counted(CountedConnection):
        _book, _resolver, _sources, _latest = book, resolver, sources, of_users
        _limits, _balancer = settings.keep_alive, balancer
        _tls, _server_name = tls, server_name
        most_wire_bytes = WIRE_BYTES + most_body_bytes(settings.target)

    class Pool(CountedPool):
        ConnectionCls = Counted
        QueueCls = queues[settings.connections]  # type: ignore[assignment]
        latest = of_users
        retires = settings.keep_alive.limited or balancer is not None

    Pool.balancer = balancer
    return Pool
