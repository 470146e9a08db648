"""The worker `gevent-repaired`: gunicorn's `gevent`, whose stop does not wait for idle connections.

At SIGTERM upstream waits until every connection is closed: with a long idle timeout that always
takes the whole graceful timeout. Here idle connections get as long as gthread gives them, and
the worker leaves the port at once instead of within a second.

Source: gunicorn/workers/ggevent.py and base_async.py, 27.0.1.
"""

import socket
import time
import weakref
from contextlib import suppress
from functools import partial
from types import FrameType
from typing import Any, Self

import gevent
from gevent.event import Event
from gevent.pool import Pool
from gevent.server import StreamServer
from gunicorn.http.unreader import SocketUnreader
from gunicorn.workers import ggevent
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER

from long_lived.server.app import REPLICA
from long_lived.server.balance import drop_all, drop_nothing
from long_lived.server.listener import ListenerName
from long_lived.server.runtimes.bounds import READING
from long_lived.server.runtimes.gunicorn.in_flight import IN_FLIGHT
from long_lived.server.runtimes.gunicorn.listening import master_listens

POLL_SECONDS = 0.1


class GeventWorker(ggevent.GeventWorker):
    """A greenlet per connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._stopping: Event | None = None
        self._sockets: dict[Any, Any] = {}  # of open connections, by their greenlet
        self._idle: set[Any] = set()  # greenlets that wait for a request

    def run(self) -> None:
        """Serve until `alive` is false, then let what is in flight finish."""
        self._stopping = Event()
        pool = Pool(self.worker_connections)
        servers = []
        for listener in self.sockets:
            listener.setblocking(True)
            # Upstream asks the listener for its address at each connection, even once it is closed.
            name = ListenerName(listener.getsockname())
            server = StreamServer(listener, handle=partial(self.handle, name), spawn=pool)
            server.start()
            servers.append(server)
        while self.alive:
            self.notify()
            self._stopping.wait(1.0)
        self.wsgi.extensions[IN_FLIGHT].close_all()
        for server in servers:
            self._leave(server)
        self._drain(pool)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin the graceful stop."""
        super().handle_exit(sig, frame)
        if self._stopping:
            self._stopping.set()

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """Serve one connection, in a greenlet of the pool."""
        self.wsgi.extensions[REPLICA].connections.opened(client)
        greenlet = gevent.getcurrent()
        self._sockets[greenlet] = client
        self.wsgi.extensions[READING].begin(client)
        try:
            super().handle(listener, client, addr)
        finally:
            self.wsgi.extensions[READING].end(client)
            del self._sockets[greenlet]

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> Any:
        """Answer one request; the next one on this connection begins with its first byte."""
        if req.req_number == 1:
            # No cycle: a connection has ended when nothing holds its socket any more.
            req.unreader.chunk = partial(self._chunk, weakref.proxy(req.unreader))
        return super().handle_request(listener_name, req, sock, addr)

    def _chunk(self, unreader: SocketUnreader, size_hint: int | None = None) -> Any:
        piece = SocketUnreader.chunk(unreader, size_hint)
        self.wsgi.extensions[READING].begin(unreader.sock)
        return piece

    def timeout_ctx(self) -> "_Idle":
        """Make the context in which a connection waits for its next request."""
        return _Idle(self.cfg.keepalive if self.alive else STOP_KEEPALIVE_LINGER, self._idle)

    def _leave(self, server: StreamServer) -> None:
        """Accept what is queued, and leave the port."""
        server.stop_accepting()
        if not master_listens(server.socket):
            drop_all(server.socket)
        while not server.pool.full() and (accepted := server.do_read()):
            drop_nothing(accepted[0])
            server.do_handle(*accepted)
        server.close()

    def _drain(self, pool: Pool) -> None:
        """Wait for the answers in flight; close idle connections meanwhile."""
        now = time.monotonic()
        deadline, linger_until = now + self.cfg.graceful_timeout, now + STOP_KEEPALIVE_LINGER
        while len(pool) and time.monotonic() < deadline:
            if time.monotonic() >= linger_until:
                self._end_idle()
            self.notify()
            gevent.sleep(POLL_SECONDS)
        if len(pool):
            self.log.warning("Worker graceful timeout (pid:%s)", self.pid)

    def _end_idle(self) -> None:
        for client in [self._sockets[greenlet] for greenlet in self._idle]:
            # Its reader finds the end, but still answers a request that has just arrived, which
            # closing or killing would cut. This is the socket under gevent's, whose own shutdown
            # raises EBADF in the reader. Source: SocketMixin.shutdown, gevent 26.9.
            with suppress(OSError):
                client._sock.shutdown(socket.SHUT_RD)


class _Idle(gevent.Timeout):
    """An idle timeout that keeps a list of the greenlets that wait."""

    def __init__(self, seconds: float, idle: set[Any]) -> None:
        super().__init__(seconds, False)
        self._idle = idle
        self._greenlet = gevent.getcurrent()

    def __enter__(self) -> Self:
        self._idle.add(self._greenlet)
        super().__enter__()
        return self

    def __exit__(self, *raised: object) -> Any:
        self._idle.discard(self._greenlet)
        return super().__exit__(*raised)
