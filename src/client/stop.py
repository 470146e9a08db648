"""Whether a run has been told to stop: a flag that a signal handler may set."""

import time

POLL_SECONDS = 0.05


class Stop:
    """An event without a lock.

    `threading.Event` would not do: a handler runs in the main thread, possibly inside that thread's
    own `wait`, and `set` would then wait forever for the lock that `wait` holds.
    """

    def __init__(self) -> None:
        """Start unset."""
        self._set = False

    def set(self) -> None:
        """Tell the run to stop. Safe in a signal handler."""
        self._set = True

    def is_set(self) -> bool:
        """Tell whether the run is to stop."""
        return self._set

    def wait(self, seconds: float) -> bool:
        """Wait that long, or until set; tell whether it is set."""
        deadline = time.monotonic() + seconds
        while not self._set and (left := deadline - time.monotonic()) > 0:
            time.sleep(min(POLL_SECONDS, left))
        return self._set
