"""What a replica reads at most, and how long it waits for it, whatever its runtime.

Thousands of requests in flight and idle connections are what a replica is for. What must not
hold it is a request that never becomes one: half its headers, or a body that does not come. The
Go server (src/server_go) has the same bounds, from net/http.
"""

import logging
import socket
import threading
import time
from contextlib import suppress
from typing import Any

MOST_HEADERS = 100
"""Header fields of a request; the default of gunicorn, and of Python's http.client."""

MOST_HEADER_BYTES = 128 * 1024
"""Request line and headers together, above the 64 KiB that http.client takes as one line.
gunicorn instead counts each header, and takes eight times as much in all."""

MOST_BODY_BYTES = 64 * 1024
"""Body of a request, of which no answer needs a byte; gunicorn discards as much."""

LOOK_SECONDS = 0.25
"""How often overdue connections are looked for."""

READING = "reading"
"""Where a worker finds the `Reading` of its process, among the app's extensions."""

logger = logging.getLogger(__name__)


class Reading:
    """The connections whose headers are being read, and since when; thread-safe."""

    def __init__(self, seconds: int) -> None:
        """Allow `seconds` for the headers of a request; 0 means any time."""
        self._seconds = seconds
        self._since: dict[Any, float] = {}  # by socket
        self._closed = 0

    def begin(self, sock: Any) -> None:
        """Note that a request is expected on `sock` from now on; a second call changes nothing."""
        self._since.setdefault(sock, time.monotonic())

    def end(self, sock: Any) -> None:
        """Note that the headers are complete, or that the connection is closed or idle."""
        self._since.pop(sock, None)

    def watch(self) -> None:
        """Give up what is overdue from now on, in a thread of its own."""
        if self._seconds:
            threading.Thread(target=self._watch, name="reading", daemon=True).start()

    def _watch(self) -> None:
        while True:
            time.sleep(LOOK_SECONDS)
            limit = time.monotonic() - self._seconds
            for sock, since in list(self._since.items()):
                if since <= limit and self._since.pop(sock, None) is not None:
                    self._give_up(sock)

    def _give_up(self, sock: Any) -> None:
        """Let the reader find the end, after whatever has arrived: a complete request is answered.

        For gevent that is the socket below its own, whose shutdown raises EBADF in the reader.
        """
        with suppress(OSError):  # closed meanwhile
            peer = sock.getpeername()[0]
            getattr(sock, "_sock", sock).shutdown(socket.SHUT_RD)
            self._closed += 1
            if self._closed & (self._closed - 1) == 0:  # 1, 2, 4, …: nobody can fill the log
                logger.warning(
                    "Gave up %d so far whose headers were not complete after %d s, now from %s",
                    self._closed,
                    self._seconds,
                    peer,
                )
