"""The end of process groups that a test has started."""

import os
import signal
import subprocess
from contextlib import suppress
from typing import Any

import psutil

BOUND_SECONDS = 120
"""Longest wait for a killed process; reached only where something is broken."""


def end_group(process: subprocess.Popen[Any]) -> None:
    """Kill a process and everything it started, and wait for it.

    Once it has been waited for, its number is free as soon as its group is empty: a process that
    has it then is another test's.
    """
    if process.returncode is None or not psutil.pid_exists(process.pid):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait(BOUND_SECONDS)
