"""Werkzeug's development server, with a thread per request and no debugger."""

import http.client
import io
import logging
import os
import signal
import socket
import sys
import threading
from types import FrameType
from typing import Any, cast

from flask import Flask
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from long_lived.resources.threads import ease_many_threads
from long_lived.server.app import REPLICA, create_app
from long_lived.server.listener import urls
from long_lived.server.runtimes.bounds import MOST_BODY_BYTES, MOST_HEADER_BYTES, Reading
from long_lived.server.runtimes.runtime import Assignment

logger = logging.getLogger(__name__)


def serve(assignment: Assignment) -> None:
    """Serve until SIGTERM or SIGINT, which end the process at once."""
    replica = assignment.replica()
    app = create_app(assignment.settings, replica, socket_key="werkzeug.socket")
    ease_many_threads(assignment.capacity.threads)
    reading = Reading(assignment.settings.server.header_timeout_seconds)
    reading.watch()
    logging.getLogger("werkzeug").setLevel(logging.WARNING)

    def end(signum: int, _: FrameType | None) -> None:
        # Answers in flight are lost, as with `flask run`. The threads are daemons, so an exit
        # through the interpreter would not wait for them either, but it takes seconds with 10,000.
        logger.info(replica.farewell())
        os._exit(128 + signum)

    # Without a handler the kernel drops the signal where this is PID 1. Source: kill(2), NOTES.
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, end)

    addresses = urls(assignment.listeners)
    servers = []
    for listener in assignment.listeners:
        host, port = listener.getsockname()[:2]
        servers.append(_Server(host, port, app, _Handler, fd=listener.fileno()))
        servers[-1].reading = reading
        listener.close()  # Werkzeug has made a copy
    for server in servers[1:]:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    logger.info(replica.greeting(addresses))
    servers[0].serve_forever()


class _Handler(WSGIRequestHandler):
    """Werkzeug's handler without an access log, and with bounds on what it reads."""

    def setup(self) -> None:
        super().setup()
        app = cast(Flask, self.server.app)
        app.extensions[REPLICA].connections.opened(self.connection)
        self.rfile = _Request(socket.SocketIO(self.connection, "r"))
        self._reading = cast(_Server, self.server).reading
        self._reading.begin(self.connection)

    def run_wsgi(self) -> None:
        self._reading.end(self.connection)
        super().run_wsgi()

    def finish(self) -> None:
        self._reading.end(self.connection)
        super().finish()

    def version_string(self) -> str:
        return "flask"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


class _Request(io.BufferedReader):
    """A request as http.server and Werkzeug read it: headers by line, the rest in pieces."""

    _bytes = 0

    def readline(self, size: int | None = -1, /) -> bytes:
        """Read a line of the headers; refuse one too many, and an end in the middle of them."""
        line = super().readline(size)
        self._bytes += len(line)
        if self._bytes > MOST_HEADER_BYTES:
            raise http.client.LineTooLong("headers")
        if not line.endswith(b"\n") and len(line) != size:
            raise ConnectionResetError  # http.client would take it for the last header
        return line

    def read(self, _: int | None = -1, /) -> bytes:
        """Read what has arrived of a body, for Werkzeug to discard after its answer."""
        piece = self.read1() if self._bytes <= MOST_HEADER_BYTES + MOST_BODY_BYTES else b""
        self._bytes += len(piece)
        return piece


class _Server(ThreadedWSGIServer):
    """Werkzeug's threaded server with one line per failure."""

    reading: Reading

    def handle_error(self, _request: Any, client_address: Any) -> None:
        # Mostly "can't start new thread": a traceback for each would bury the reason.
        logger.error("No answer for %s: %r", client_address, sys.exception())
