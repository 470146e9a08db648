"""Standard output, one whole line at a time: lines never merge and none is cut."""

import os
import threading
from collections.abc import Iterable


class Output:
    """Writes whole lines to a descriptor. Thread-safe; blocks while the reader is slow.

    `print` writes text and newline separately, so that the lines of many threads merge.
    """

    def __init__(self, descriptor: int = 1) -> None:
        """Write to `descriptor`."""
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self.broken = threading.Event()

    def write(self, lines: Iterable[str]) -> None:
        """Write each of `lines` with its newline; once the reader is gone, do nothing."""
        data = memoryview("".join(f"{line}\n" for line in lines).encode())
        with self._lock:
            while data and not self.broken.is_set():
                try:
                    data = data[os.write(self._descriptor, data) :]
                except OSError:
                    self.broken.set()
