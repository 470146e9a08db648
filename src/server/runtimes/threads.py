"""What makes 10,000 threads in one CPython process bearable."""

import sys
import threading

STACK_BYTES = 256 * 1024
"""Stack of a thread that serves a request; the default of 8 MiB is address space that the
kernel maps and unmaps for each."""

SWITCH_INTERVAL_SECONDS = 60.0
"""How long a thread may hold the GIL while others wait for it; the default is 5 ms. Threads that
serve requests give it up by themselves when they sleep or do I/O; with the default, thousands
of waiters wake 200 times a second for nothing. Source: take_gil() in CPython ceval_gil.c."""


def ease_many_threads() -> None:
    """Set this process up for thousands of threads that mostly sleep."""
    threading.stack_size(STACK_BYTES)
    sys.setswitchinterval(SWITCH_INTERVAL_SECONDS)
