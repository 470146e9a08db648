"""One clock for a run: durations by the monotonic clock, timestamps derived from it.

The wall clock is read once, so that a step of the system's time cannot bend a run.
"""

import time


class Clock:
    """A monotonic clock that knows what time it was when it started."""

    def __init__(self) -> None:
        """Read both clocks; `restart` reads them again."""
        self.restart()

    def restart(self) -> None:
        """Start the run's time from now."""
        self._started = time.monotonic()
        self.started_unix_seconds = time.time()

    def elapsed_seconds(self) -> float:
        """Return the seconds since the start."""
        return time.monotonic() - self._started

    def unix_seconds(self, elapsed_seconds: float) -> float:
        """Turn seconds since the start into a timestamp."""
        return self.started_unix_seconds + elapsed_seconds
