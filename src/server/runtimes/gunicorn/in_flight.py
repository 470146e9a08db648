"""The requests that a gunicorn worker is answering, so that their connections can be closed.

gunicorn drops an app's own `Connection: close`, and decides whether to keep a connection before it
calls the app. What counts after that is `force_close` of the request, any time before the headers
go out. Two need it: the answer that reaches a limit of `server.keepAlive`, and a stop. An answer
that was in flight at the stop would say keep-alive, and its client would send another request,
which the graceful timeout would then cut off. Source: handle_request in gunicorn/workers/gthread.py
and base_async.py, should_close in gunicorn/http/wsgi.py, 27.0.1.
"""

from typing import Any

IN_FLIGHT = "in_flight"
"""Where a repaired worker finds them, among the app's extensions."""


class InFlight:
    """The requests in flight. Thread-safe: each step is one operation on a dictionary."""

    def __init__(self) -> None:
        """Start empty."""
        self._requests: dict[Any, Any] = {}  # by their sockets

    def begin(self, _worker: Any, request: Any) -> None:
        """Hold `request`; the hook `pre_request`."""
        self._requests[request.unreader.sock] = request

    def end(self, _worker: Any, request: Any) -> None:
        """Let go of `request`, which has been answered; the hook `post_request`."""
        self._requests.pop(request.unreader.sock, None)

    def close(self, socket: Any) -> None:
        """Make the answer on `socket` say `Connection: close`."""
        self._requests[socket].force_close()

    def close_all(self) -> None:
        """Make every answer say so; call it when the worker is told to stop."""
        for request in list(self._requests.values()):
            request.force_close()
