"""A process of many threads stays on one processor."""

import os
import subprocess
import sys

import pytest

from long_lived.resources.processor import assign_processor

PROGRAM = """
import os, threading
from long_lived.resources.processor import stay_on_one_processor
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
    """Later threads are bound to the processor of the one that asked."""
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=30, check=False
    )
    assert (run.stdout, run.stderr) == ("same\n", "")


def test_only_an_allowed_processor_is_chosen() -> None:
    """A container limited to one processor keeps that one."""
    last = max(os.sched_getaffinity(0))
    program = (
        f"import os; os.sched_setaffinity(0, {{{last}}})\n{PROGRAM}\nassert processor == {last}"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False
    )
    assert (run.stdout, run.stderr) == ("same\n", "")


SLEEPER = [sys.executable, "-c", "import sys; sys.stdin.read()"]


def assigned(number: int) -> set[int]:
    """Return where a process may run once it was given the `number`-th processor."""
    process = subprocess.Popen(SLEEPER, stdin=subprocess.PIPE)
    try:
        assign_processor(process.pid, number)
        return os.sched_getaffinity(process.pid)
    finally:
        process.communicate()


def test_processes_are_given_the_processors_in_turn() -> None:
    """Each gets an allowed one, and all are used before any is used again."""
    allowed = os.sched_getaffinity(0)
    given = [assigned(number) for number in range(len(allowed) + 1)]
    assert all(len(one) == 1 for one in given)
    assert set.union(*given[:-1]) == allowed
    assert given[-1] == given[0]
    assert os.sched_getaffinity(0) == allowed


@pytest.mark.parametrize("without", ["gil", "system"])
def test_process_is_left_alone_where_it_gains_nothing(
    without: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Threads that run in parallel need all processors."""
    if without == "gil":
        monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)
    else:
        monkeypatch.delattr(os, "sched_setaffinity")
    assert assigned(0) == os.sched_getaffinity(0)


def test_process_that_has_ended_is_no_error() -> None:
    """A client that ends at once is reported for that instead."""
    process = subprocess.Popen(SLEEPER, stdin=subprocess.DEVNULL)
    process.wait()
    assign_processor(process.pid, 0)
