"""A server of the standard library, in a thread while a test needs it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import BaseServer

LOOK_SECONDS = 0.05
"""How soon it notices that it should stop."""


@contextmanager
def served_in_thread(server: BaseServer) -> Iterator[None]:
    """Serve until the block ends, and wait for the thread."""
    thread = threading.Thread(target=server.serve_forever, args=(LOOK_SECONDS,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
