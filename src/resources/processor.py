"""One processor for a process whose threads run one at a time, chosen by itself or its parent."""

import ctypes
import os
import sys
from contextlib import suppress


def stay_on_one_processor() -> int | None:
    """Keep this thread, and those that it starts from now on, on the processor where it runs.

    Under the GIL one thread runs at a time, and among thousands that mostly wait, each turn begins
    with a wake-up. The kernel sends that to an idle processor, which costs an interrupt, in a
    virtual machine an exit, and a cold cache. Measured on 2 virtual CPUs, 10,000 users: 21 to 23 s
    of CPU without this, 13 to 14 s with it. Other processes make room: the kernel moves those that
    may run elsewhere.

    Returns:
        The number of the processor; None if nothing was changed: without a GIL, or where the
        system cannot do it or does not allow it.
    """
    current = getattr(ctypes.CDLL(None), "sched_getcpu", None)
    if current is None or not _helps():
        return None
    with suppress(OSError):
        processor = int(current())
        os.sched_setaffinity(0, {processor})
        return processor
    return None


def assign_processor(pid: int, number: int) -> None:
    """Keep a process that has just started on the `number`-th processor, counted round and round.

    Several such processes might choose the same one themselves. Does nothing where
    `stay_on_one_processor` does nothing.
    """
    if _helps():
        allowed = sorted(os.sched_getaffinity(0))
        with suppress(OSError):
            os.sched_setaffinity(pid, {allowed[number % len(allowed)]})


def _helps() -> bool:
    has_gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    return has_gil and hasattr(os, "sched_setaffinity")
