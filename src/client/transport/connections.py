"""TCP connections: each one is numbered, aged and followed to the pod that answers on it."""

import os
import select
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass

from long_lived.client.clock import Clock
from long_lived.metrics.closing import Closing


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
    closing: Closing | None = None


class ConnectionBook:
    """Numbers connections as they open, and knows which are open. Thread-safe."""

    def __init__(self, clock: Clock, on_close: Callable[[Connection], None]) -> None:
        """Start empty; `on_close` is called, outside the lock, once for each closed connection."""
        self._clock = clock
        self.on_close = on_close
        self._lock = threading.Lock()
        self._open: dict[Connection, socket.socket] = {}
        self.opened = 0
        self.retired = 0
        self.resumed = 0

    def open(self, sock: socket.socket) -> Connection:
        """Enter a connection that has just been established."""
        with self._lock:
            self.opened += 1
            self.resumed += isinstance(sock, ssl.SSLSocket) and bool(sock.session_reused)
            connection = Connection(self.opened, self._clock.elapsed_seconds())
            self._open[connection] = sock
        return connection

    def close(self, connection: Connection, why: Closing = Closing.FAILED) -> None:
        """Enter that the connection is closed, and why; a second call changes nothing."""
        with self._lock:
            if self._open.pop(connection, None) is None:
                return
            connection.closed_seconds = self._clock.elapsed_seconds()
            connection.closing = why
        self.on_close(connection)

    def retire(self, connection: Connection) -> None:
        """Enter that the client closes a connection between two requests, by its own choice."""
        with self._lock:
            self.retired += connection in self._open
        self.close(connection, Closing.RETIRED)

    def drop_closed_by_peer(self) -> None:
        """Enter as closed what the servers have closed and no request has noticed yet."""
        with self._lock:
            by_descriptor = {sock.fileno(): item for item, sock in self._open.items()}
            secure = {one.fileno() for one in self._open.values() if isinstance(one, ssl.SSLSocket)}
        by_descriptor.pop(-1, None)
        poll = select.poll()
        for descriptor in by_descriptor:
            # With TLS an end can be read only after what tells of it.
            seen = select.POLLRDHUP if descriptor in secure else select.POLLIN
            poll.register(descriptor, seen | select.POLLHUP)
        for descriptor, _ in poll.poll(0):
            if descriptor in secure or _at_end(descriptor):
                self.close(by_descriptor[descriptor], Closing.PEER)

    @property
    def open_count(self) -> int:
        """How many connections are open."""
        return len(self._open)

    def still_open(self) -> list[Connection]:
        """List the open connections, oldest first."""
        with self._lock:
            return list(self._open)


def _at_end(descriptor: int) -> bool:
    """Tell whether a readable connection is closed or reset, rather than holding an answer."""
    try:
        copy = os.dup(descriptor)
    except OSError:  # closed meanwhile by a user, who enters that
        return False
    with socket.socket(fileno=copy) as sock:
        # MSG_DONTWAIT would not do: with it gevent still waits, and a user may have taken what made
        # the connection readable.
        sock.settimeout(0)
        try:
            return sock.recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True
