"""Signals to the lab: the first asks it to stop, the second ends it."""

import signal
import subprocess
import sys

import pytest

PROGRAM = """
import signal, sys
from long_lived.lab.experiment.interrupts import Interrupts
signal.signal(signal.SIGHUP, signal.SIG_IGN if "nohup" in sys.argv else signal.SIG_DFL)
interrupts = Interrupts()
for number in map(int, sys.argv[2:]):
    signal.raise_signal(number)
    print(interrupts.stop_signal(), flush=True)
"""

HUP, INT, TERM = signal.SIGHUP, signal.SIGINT, signal.SIGTERM


@pytest.mark.parametrize(
    ("started", "sent", "seen", "status"),
    [
        ("plainly", [TERM], [15], 0),
        ("plainly", [INT, TERM], [2], 143),
        ("plainly", [HUP, HUP], [1], 129),
        ("nohup", [HUP, HUP], [None, None], 0),
        ("nohup", [HUP, INT, HUP, TERM], [None, 2, 2], 143),
    ],
    ids=["first", "second", "hang-up", "nohup", "nohup-and-others"],
)
def test_first_signal_is_remembered_and_the_second_ends(
    started: str, sent: list[int], seen: list[int | None], status: int
) -> None:
    """A hang-up counts like any other signal, except under nohup."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, started, *(str(int(number)) for number in sent)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (status, "")
    assert done.stdout.split() == [str(number) for number in seen]
