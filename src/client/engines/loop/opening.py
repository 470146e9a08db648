"""Connections being opened on non-blocking sockets, each to one address after the other.

What became of the attempt is told by calls: a link was opened, or could not be.
"""

import asyncio
import errno
import itertools
import os
import random
import socket
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from long_lived.client.engines.engine import Run
from long_lived.client.engines.loop.link import NONE_LEFT, Link
from long_lived.client.engines.loop.names import Found, Names
from long_lived.client.transport.balancer import Balancer
from long_lived.client.transport.resolver import Address, bind
from long_lived.record.error_kind import ErrorKind

GONE = (errno.ECONNRESET, errno.EPIPE)
"""The handshake was done, and the peer has gone since. Source: Linux net/ipv4/tcp_input.c,
tcp_reset."""

KINDS = {
    errno.ECONNREFUSED: ErrorKind.CONNECT_REFUSED,
    errno.ETIMEDOUT: ErrorKind.CONNECT_TIMEOUT,
    **dict.fromkeys(GONE, ErrorKind.CONNECTION_LOST),
}


class Opening:
    """All connections of one client that are being opened."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        run: Run,
        opened: Callable[[Link], None],
        failed: Callable[[Link, ErrorKind, str], None],
        broke: Callable[[Link, BaseException], None],
    ) -> None:
        """Open connections to the run's url, or where its balancer chooses.

        `opened` and `failed` are called once for each link; `broke` with a defect of the client.
        """
        self._loop, self._book, self._balancer = loop, run.book, run.balancer
        self._opened, self._failed, self._broke = opened, failed, broke
        parts = urlsplit(run.asked.url)
        self._names = Names(loop, parts.hostname or "", parts.port or 80)
        self._sources = itertools.cycle(run.source_addresses or [""])
        self._seconds = run.settings.client.timeouts.connect_seconds
        limits = run.settings.client.keep_alive
        self._limits = limits if limits.limited else None
        # In the order of their deadlines: all wait equally long.
        self._deadlines: dict[Link, float] = {}

    def open(self, link: Link) -> None:
        """Open a connection for the user of `link`; maybe done before this returns."""
        if self._balancer is not None:
            link.candidates = self._chosen(link, self._balancer)
            self._try_next(link)
        else:
            self._names.then(lambda found: self._try_each(link, found))

    def expire(self) -> None:
        """Give up the attempts that have taken too long."""
        now = time.monotonic()
        for link in [one for one, _ in itertools.takewhile(over(now), self._deadlines.items())]:
            self._on_writable(link, late=True)

    def _chosen(self, link: Link, balancer: Balancer) -> Iterator[Address]:
        """Yield the balancer's choices; who asks for the next could not connect to the last."""
        tried: list[Address] = []
        link.place = link.place or balancer.choose()
        while link.place is not None:
            yield link.place
            tried.append(link.place)
            balancer.refuse(link.place)
            link.place = balancer.choose(tried)

    def _try_each(self, link: Link, found: Found) -> None:
        if isinstance(found, OSError):
            self._failed(link, ErrorKind.NAME_UNRESOLVED, str(found))
        else:
            link.candidates = iter(found)
            self._try_next(link)

    def _try_next(self, link: Link) -> None:
        """Connect to the next address that can be connected to at once, or soon."""
        for family, address in link.candidates:
            try:
                sock = link.sock = self._socket(family)
            except OSError as error:
                link.failure = ErrorKind.CONNECT_FAILED, str(error)
                continue
            failure = sock.connect_ex(address)
            if failure == errno.EINPROGRESS:
                # Over loopback the handshake is done by now, and nobody has to wait for it.
                failure = sock.connect_ex(address)
            if failure in (errno.EALREADY, errno.EINPROGRESS):
                self._deadlines[link] = time.monotonic() + self._seconds
                self._loop.add_writer(sock.fileno(), self._on_writable, link)
                return
            if not failure:
                self._enter(link)
                return
            if self._gave_up(link, failure):
                break
        kind, detail = link.failure or (ErrorKind.NAME_UNRESOLVED, "no replica has an address")
        self._failed(link, kind, detail)

    def _socket(self, family: int) -> socket.socket:
        sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            bind(sock, next(self._sources))
        except OSError:
            sock.close()
            raise
        return sock

    def _on_writable(self, link: Link, *, late: bool = False) -> None:
        """Find out what became of an attempt; if `late`, this was its last moment."""
        try:
            sock = link.sock
            if sock is None:
                raise AssertionError("unreachable: its socket is being connected")
            failure = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if not failure and late and not _connected(sock):
                failure = errno.ETIMEDOUT
            self._loop.remove_writer(sock.fileno())
            del self._deadlines[link]
            if not failure:
                self._enter(link)
            elif self._gave_up(link, failure):
                self._failed(link, *(link.failure or (ErrorKind.CLIENT_ERROR, "")))
            else:
                self._try_next(link)
        except BaseException as error:
            self._broke(link, error)

    def _enter(self, link: Link) -> None:
        """Take note that it is open, and draw how long it is to live."""
        if link.sock is None:
            raise AssertionError("unreachable: it is connected")
        link.tcp = self._book.open(link.sock)
        link.candidates, link.failure = NONE_LEFT, None
        if self._limits is not None:
            link.lifetime = self._limits.lifetime(random.uniform)
            link.opened_at = time.monotonic()
        if self._balancer is not None and link.place is not None:
            link.address = link.place
            self._balancer.trust(link.address)
        self._opened(link)

    def _gave_up(self, link: Link, failure: int) -> bool:
        """Close what could not be connected; tell whether no other address may be tried."""
        if link.sock is None:
            raise AssertionError("unreachable: it has a socket")
        if failure in GONE:  # that was a connection
            self._book.close(self._book.open(link.sock))
        link.sock.close()
        link.sock = None
        kind = KINDS.get(failure, ErrorKind.CONNECT_FAILED)
        link.failure = kind, f"no connection: {os.strerror(failure)}"
        return failure in GONE and self._balancer is None


def _connected(sock: socket.socket) -> bool:
    try:
        sock.getpeername()
    except OSError:
        return False
    return True


def over(now: float) -> Callable[[tuple[Link, float]], bool]:
    """Return what tells whether a deadline has passed."""
    return lambda item: item[1] <= now
