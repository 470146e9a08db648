"""What time it is, by a clock that nobody sets.

The wall clock is read once, and the monotonic clock goes on from there: an administrator or a time
service that sets the system's time cannot move what happens in the middle of a run.
"""

import time

_BEGAN_UNIX_SECONDS = time.time() - time.monotonic()


def unix_seconds() -> float:
    """Return the time as the wall clock would tell it if nobody had set it since the start."""
    return _BEGAN_UNIX_SECONDS + time.monotonic()
