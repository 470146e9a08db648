"""Signals: the first asks the lab to stop and keep its results, the second ends it at once.

They are SIGINT, SIGTERM and SIGHUP, which stays ignored under nohup.
"""

import os
import signal
from types import FrameType


class Interrupts:
    """Remembers the first signal; at the second the process ends, and the reaper cleans up."""

    def __init__(self) -> None:
        """Install the handlers."""
        self.number: int | None = None
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._on_signal)

    def stop_signal(self) -> int | None:
        """Return the signal that asks the lab to stop, or None."""
        return self.number

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self.number is not None:
            os._exit(128 + number)
        self.number = number
