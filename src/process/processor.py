"""One processor for a process whose threads run one at a time."""

import ctypes
import os
import sys
from contextlib import suppress


def stay_on_one_processor() -> int | None:
    """Keep this thread, and those that it starts from now on, where it runs.

    Under the GIL one thread runs at a time, and with thousands that mostly wait each turn
    begins with a wake-up. The kernel sends it to an idle processor: an interrupt there, in a
    virtual machine also an exit, and a cold cache. Measured on 2 virtual CPUs, 10,000 users:
    21 to 23 s of CPU without this, 13 to 14 s with it. Other processes make room: the kernel
    moves those that may run elsewhere.

    Returns:
        The number of the processor; None where nothing was changed: without a GIL, on a
        system that cannot, or where it is not allowed.
    """
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        return None
    current = getattr(ctypes.CDLL(None), "sched_getcpu", None)
    if current is None or not hasattr(os, "sched_setaffinity"):
        return None
    with suppress(OSError):
        processor = int(current())
        os.sched_setaffinity(0, {processor})
        return processor
    return None
