"""A process of many threads that stays on one processor."""

import os
import subprocess
import sys

PROGRAM = """
import os, threading
from long_lived.process.processor import stay_on_one_processor
allowed = os.sched_getaffinity(0)
processor = stay_on_one_processor()
found = []
thread = threading.Thread(target=lambda: found.append(os.sched_getaffinity(0)))
thread.start()
thread.join()
assert processor in allowed, (processor, allowed)
assert found == [{processor}] == [os.sched_getaffinity(0)], found
print("same")
"""


def test_threads_stay_where_the_process_ran() -> None:
    """Threads that start afterwards are bound to the processor of the one that asked."""
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=30, check=False
    )
    assert (run.stdout, run.stderr) == ("same\n", "")


def test_only_what_is_allowed_is_chosen() -> None:
    """A container that may use one processor alone keeps that one."""
    last = max(os.sched_getaffinity(0))
    program = (
        f"import os; os.sched_setaffinity(0, {{{last}}})\n{PROGRAM}\nassert processor == {last}"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False
    )
    assert (run.stdout, run.stderr) == ("same\n", "")
