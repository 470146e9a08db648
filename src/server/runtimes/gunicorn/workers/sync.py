"""The worker `sync-repaired`: gunicorn's `sync`, which leaves the port when it is told to stop.

Upstream goes on listening until its answer is out; connections that the kernel queues there
meanwhile are reset in the end. Source: gunicorn/workers/sync.py, 27.0.1.
"""

import errno
import os
from types import FrameType
from typing import Any

from gunicorn.workers import sync

from long_lived.server.app import REPLICA
from long_lived.server.listener import ListenerName
from long_lived.server.runtimes.bounds import READING
from long_lived.server.runtimes.gunicorn.workers.quitting import quit_at_once


class SyncWorker(sync.SyncWorker):
    """One request at a time; closes each connection after its answer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._names = {listener: ListenerName(listener.getsockname()) for listener in self.sockets}

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """Serve one connection; `listener` may be closed by now."""
        self.wsgi.extensions[REPLICA].connections.opened(client)
        self.wsgi.extensions[READING].begin(client)
        try:
            super().handle(self._names[listener], client, addr)
        finally:
            self.wsgi.extensions[READING].end(client)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin the graceful stop, even in the middle of an answer."""
        super().handle_exit(sig, frame)
        for listener in self.sockets:
            # The wrapped socket: upstream still asks the wrapper for a file number.
            listener.sock.close()

    handle_quit = quit_at_once

    def accept(self, listener: Any) -> None:
        """Accept and serve one connection."""
        try:
            super().accept(listener)
        except OSError:
            if self.alive:
                raise
            # Closed meanwhile: upstream's loop takes this for "nothing to accept".
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from None

    def wait(self, timeout: float) -> Any:
        """Wait for a connection, at most `timeout` seconds."""
        try:
            return super().wait(timeout)
        except ValueError:
            if self.alive:
                raise
            # select() refuses a closed socket.
            raise sync.StopWaiting from None
