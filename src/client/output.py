"""Standard output, one whole line at a time: lines never merge and none is cut."""

import os
import select
import sys
import threading
import time
from collections.abc import Iterable
from typing import Any

CHUNK_BYTES = 4096
"""What a pipe takes at once when a poll calls it writable: PIPE_BUF. Source: pipe(7)."""

MOST_KEPT = 500
"""Lines: some 50 KB."""

LOOK_SECONDS = 0.1
PATIENCE_SECONDS = 5.0
"""How long to wait for a reader that has stalled, once the run is to end."""


def _poll() -> Any:
    """Make the system's own poll object.

    gevent's yields even when there is nothing to wait for, and others would overtake the one
    waiting for the ledger's lock. select() takes 48 KiB of each thread's stack and 13 KB stay
    in use: 130 MB for ten thousand. Source: gevent 26.9 select.py; CPython selectmodule.c.
    """
    monkey = sys.modules.get("gevent.monkey")
    return monkey.get_original("select", "poll")() if monkey else select.poll()


class Output:
    """Writes whole lines to a descriptor. Thread-safe; blocks while the reader is slow.

    `print` writes text and newline separately, so that the lines of many threads merge.
    """

    def __init__(self, descriptor: int = 1) -> None:
        """Write to `descriptor`."""
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._deadline: float | None = None
        self.broken = threading.Event()

    def write(self, lines: Iterable[str]) -> None:
        """Write each of `lines` with its newline; once the reader is gone, do nothing."""
        data = memoryview("".join(f"{line}\n" for line in lines).encode())
        with self._lock:
            while data and not self.broken.is_set():
                try:
                    if self._writable():
                        data = data[os.write(self._descriptor, data[:CHUNK_BYTES]) :]
                        self._extend()
                except OSError:
                    self.broken.set()

    def flush(self) -> None:
        """Write what is kept back: nothing is."""

    def hurry(self) -> None:
        """Wait no longer than `PATIENCE_SECONDS` for a reader that has stalled.

        Safe in a signal handler: a thread in the middle of `write` notices.
        """
        self._deadline = time.monotonic() + PATIENCE_SECONDS

    def _extend(self) -> None:
        """Reset the patience: the reader is reading."""
        if self._deadline is not None:
            self.hurry()

    def _writable(self) -> bool:
        """Wait a moment for the reader to have room; give it up once patience runs out."""
        poll = _poll()
        poll.register(self._descriptor, select.POLLOUT)
        if poll.poll(LOOK_SECONDS * 1000):
            return True
        if self._deadline is not None and time.monotonic() > self._deadline:
            self.broken.set()
        return False


class BatchedOutput(Output):
    """Keeps lines until there are many, or it is told to write them. For one thread.

    One line at a time takes two system calls for each answer.
    """

    def __init__(self, descriptor: int = 1) -> None:
        """Write to `descriptor`."""
        super().__init__(descriptor)
        self._kept: list[str] = []

    def write(self, lines: Iterable[str]) -> None:
        """Keep each of `lines`, and write them if there are many."""
        self._kept.extend(lines)
        if len(self._kept) >= MOST_KEPT:
            self.flush()

    def flush(self) -> None:
        """Write the lines that were kept."""
        kept, self._kept = self._kept, []
        super().write(kept)
