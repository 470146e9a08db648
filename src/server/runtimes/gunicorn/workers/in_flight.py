"""The requests that a gunicorn worker is answering, so that a stop can close their connections.

Upstream decides whether to keep a connection before it calls the app. An answer that was in
flight at the stop would say keep-alive, and its client would send another request, which the
graceful timeout would then cut off. Source: handle_request in gunicorn/workers/gthread.py and
base_async.py, 27.0.1.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class InFlight:
    """The requests in flight. Thread-safe: each step is one operation on a set."""

    def __init__(self) -> None:
        """Start empty."""
        self._requests: set[Any] = set()

    @contextmanager
    def carrying(self, request: Any) -> Iterator[None]:
        """Hold `request` while it is answered."""
        self._requests.add(request)
        try:
            yield
        finally:
            self._requests.discard(request)

    def close_all(self) -> None:
        """Make their answers say `Connection: close`; call it when the worker is told to stop."""
        for request in list(self._requests):
            request.force_close()
