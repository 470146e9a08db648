"""Bounded waits for other processes and threads."""

import time
from collections.abc import Callable
from typing import Any

LONGEST_SECONDS = 120.0


def eventually(holds: Callable[[], Any]) -> Any:
    """Block until `holds` returns something true, and return that; fail when time is up."""
    deadline = time.monotonic() + LONGEST_SECONDS
    while not (found := holds()):
        assert time.monotonic() < deadline, f"not within {LONGEST_SECONDS:g} s"
        time.sleep(0.02)
    return found
