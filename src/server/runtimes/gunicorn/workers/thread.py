"""The worker `gthread-repaired`: gunicorn's `gthread`, with six defects repaired.

1. Keep-alive: upstream keeps at most worker_connections - threads connections and
   closes the rest after each answer. Here all that may be open may be kept.
2. Stop: upstream leaves the listener open until the last answer is out. The kernel goes on
   queueing connections there, which hang and are reset in the end. The worker is the last to
   hold the listener: the master closes its copy before it tells the worker to stop.
3. Closing: for each connection that it closes, upstream's only event loop waits up to 2 s
   for the client to close it too. Here the request's thread waits.
4. Answers in flight at the stop would keep their connections: see in_flight.
5. Quitting: upstream's signal handler shuts the pool down and raises SystemExit. The code that
   it interrupts may hold the pool's lock, as when a thread starts: the worker hangs. And at
   Ctrl-C a worker gets SIGINT and then the master's SIGQUIT, whose exit cuts the first one short.
6. Idle connections: upstream closes one that is due without a look at it. A request that arrived
   since its event loop last looked, which on a busy machine is a while, would be lost.

Source: gunicorn/workers/gthread.py and util.close_graceful, 27.0.1. The tests of tests/server run
it on the pinned version, whose private names it overrides.
"""

import socket
import time
from contextlib import suppress
from typing import Any

from gunicorn.workers import gthread

from long_lived.server.app import REPLICA
from long_lived.server.balance import drop_all, drop_nothing
from long_lived.server.runtimes.bounds import READING
from long_lived.server.runtimes.gunicorn.in_flight import IN_FLIGHT
from long_lived.server.runtimes.gunicorn.listening import master_listens
from long_lived.server.runtimes.gunicorn.workers.quitting import quit_at_once

LINGER_SECONDS = 2.0
"""As in util.close_graceful."""

LINGER_BYTES = 65_536
"""As in util.close_graceful."""


class ThreadWorker(gthread.ThreadWorker):
    """A thread per request in flight; idle connections wait in an event loop."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.max_keepalived = self.worker_connections

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        """Skip upstream's warning: its premise does not hold here."""

    def enqueue_req(self, conn: Any) -> None:
        """Give a connection with a request, or a new one, to a thread."""
        if not self.alive:
            drop_nothing(conn.sock)
        self.wsgi.extensions[REPLICA].connections.opened(conn.sock)
        self.wsgi.extensions[READING].begin(conn.sock)
        super().enqueue_req(conn)

    handle_quit = quit_at_once

    def set_accept_enabled(self, enabled: bool) -> None:
        """Accept or not; at a stop, accept what is queued and leave the port."""
        super().set_accept_enabled(enabled)
        if self.alive or enabled:
            return
        self.wsgi.extensions[IN_FLIGHT].close_all()
        for listener in self.sockets:
            if not master_listens(listener):
                drop_all(listener)
            while self.nr_conns < self.worker_connections:
                before = self.nr_conns
                self.accept(listener)
                if self.nr_conns == before:
                    break
            listener.close()

    def handle(self, conn: Any) -> Any:
        """Serve one request, in a thread of the pool; return whether the connection is kept."""
        kept = super().handle(conn)
        if isinstance(kept, bool):  # else it is new, and still silent
            self.wsgi.extensions[READING].end(conn.sock)
        if kept is False:
            _linger(conn.sock)
        return kept

    def murder_keepalived(self, force: bool = False) -> None:
        """Close idle connections that are due; answer the request that one may just have got."""
        now = time.monotonic()
        while self.keepalived_conns and (force or self.keepalived_conns[0].timeout <= now):
            conn = self.keepalived_conns[0]
            if not force and _readable(conn.sock):
                self.on_client_socket_readable(conn, conn.sock)
                continue
            self.keepalived_conns.popleft()
            with suppress(OSError, KeyError, ValueError):
                self.poller.unregister(conn.sock)
            self.nr_conns -= 1
            conn.close()

    def _cap_keepalive(self, deadline: float) -> None:
        super()._cap_keepalive(deadline)
        # Upstream lets connections that have never sent a request hold up the stop.
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)


def _readable(sock: socket.socket) -> bool:
    """Tell whether something has arrived that nobody has read; the end of the stream is nothing."""
    try:
        return bool(sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
    except OSError:
        return False


def _linger(sock: socket.socket) -> None:
    """Say that no more will come, and wait for the client to close its side too."""
    with suppress(OSError):
        sock.shutdown(socket.SHUT_WR)
        sock.settimeout(LINGER_SECONDS)
        read = 0
        while read < LINGER_BYTES and (piece := sock.recv(4096)):
            read += len(piece)
    with suppress(OSError):
        # Upstream lingers once more, and now finds the end at once.
        sock.shutdown(socket.SHUT_RD)
