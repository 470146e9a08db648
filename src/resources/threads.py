"""What makes 10,000 threads in one CPython process bearable."""

import ctypes
import sys
import threading

STACK_BYTES = 1536 * 1024
"""Stack of each thread. Requests get by with 32 KiB, but recursion through C code must reach
Python's limit of 1,000 frames before the end of the stack, where a segmentation fault waits: that
takes up to 896 KiB (measured on CPython 3.11 to 3.13). Only pages in use cost memory, plus 3 KB of
page tables for each thread. Below 2 MiB, which kernels before 6.7 may turn into one huge page.
Source: Linux mm/mmap.c, MAP_STACK."""

SWITCH_INTERVAL_SECONDS = 60.0
"""How long a thread may hold the GIL while others wait for it; the default is 5 ms. Each
that waits wakes once in this interval, and ten thousand of them waste minutes of CPU.
Threads that mostly sleep or do I/O give the GIL up anyway. Source: take_gil() in CPython
ceval_gil.c."""

PR_FUTEX_HASH = 78
PR_FUTEX_HASH_SET_SLOTS = 1
"""Source: Linux 6.16, include/uapi/linux/prctl.h."""

SLOTS_PER_THREAD = 4
MOST_SLOTS = 65_536
"""4 MiB of the kernel's memory."""


def ease_many_threads(threads: int) -> None:
    """Set this process up for that many threads, which mostly wait; call it before they start."""
    threading.stack_size(STACK_BYTES)
    sys.setswitchinterval(SWITCH_INTERVAL_SECONDS)
    _widen_the_futex_hash(threads)


def _widen_the_futex_hash(threads: int) -> None:
    """Enlarge the kernel's table of waiting threads; do nothing where it has none.

    Since Linux 6.16 each process has a table of its own, with four slots for each CPU: among
    ten thousand waiting threads every wake-up walks past hundreds of others. Measured on 2 CPUs
    with bunched answers: 18 to 85 s of CPU for 10,000 requests, 13 to 16 s with this.
    """
    wanted = min(max(16, SLOTS_PER_THREAD * threads), MOST_SLOTS)
    slots = 1 << (wanted - 1).bit_length()
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(PR_FUTEX_HASH, PR_FUTEX_HASH_SET_SLOTS, slots, 0, 0)
