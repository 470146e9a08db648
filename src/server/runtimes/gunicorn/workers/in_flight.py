"""Requests that a gunicorn worker is answering, so that a stop can close their connections.

Upstream decides before the app is called whether the connection is kept. An answer that was
waited for since before the stop would say keep-alive, and its client send one request more,
which the graceful timeout then cuts. Source: handle_request in gunicorn/workers/gthread.py and
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
        """Let every answer say `Connection: close`; call it when the worker is told to stop."""
        for request in list(self._requests):
            request.force_close()
