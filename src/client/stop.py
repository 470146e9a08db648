"""Whether a run is told to stop: a flag that a signal handler may set."""

import time

POLL_SECONDS = 0.05


class Stop:
    """An event without a lock.

    `threading.Event` is no good here: a handler runs in the main thread, possibly in the midst
    of that thread's own `wait`, whose lock `set` would then wait for without end.
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
        """Wait so long, or until set; tell whether it is set."""
        deadline = time.monotonic() + seconds
        while not self._set and (left := deadline - time.monotonic()) > 0:
            time.sleep(min(POLL_SECONDS, left))
        return self._set
