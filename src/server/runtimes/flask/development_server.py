"""Werkzeug's development server, with a thread per request and no debugger."""

import logging
import os
import signal
import sys
import threading
from types import FrameType
from typing import Any, cast

from flask import Flask
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from long_lived.resources.threads import ease_many_threads
from long_lived.server.app import REPLICA, create_app
from long_lived.server.listener import urls
from long_lived.server.runtimes.runtime import Assignment

logger = logging.getLogger(__name__)


def serve(assignment: Assignment) -> None:
    """Serve until SIGTERM or SIGINT, which end the process at once."""
    replica = assignment.replica()
    app = create_app(assignment.settings, replica, socket_key="werkzeug.socket")
    ease_many_threads(assignment.capacity.threads)
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
        listener.close()  # Werkzeug has made a copy
    for server in servers[1:]:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    logger.info(replica.greeting(addresses))
    servers[0].serve_forever()


class _Handler(WSGIRequestHandler):
    """Werkzeug's handler without an access log."""

    def setup(self) -> None:
        super().setup()
        app = cast(Flask, self.server.app)
        app.extensions[REPLICA].connections.opened(self.connection)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


class _Server(ThreadedWSGIServer):
    """Werkzeug's threaded server with one line per failure."""

    def handle_error(self, _request: Any, client_address: Any) -> None:
        # Mostly "can't start new thread": a traceback for each would bury the reason.
        logger.error("No answer for %s: %r", client_address, sys.exception())
