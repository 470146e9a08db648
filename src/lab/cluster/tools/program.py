"""A command-line tool: where it is, one call of it, and what it says when that fails."""

import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from long_lived.lab.experiment.backend import Trouble

_LOG_LINE = re.compile(r"(time=\S+ )?level=|[EWIF]\d{4} ")
"""What Helm 4 (log/slog) and kubectl (klog) log before they state the error."""


def program(name: str) -> str:
    """Find a tool on PATH, or beside this Python, where `make helm` puts it.

    Raises:
        Trouble: it is not there.
    """
    found = shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))
    if found is None:
        raise Trouble(f"{name} is missing: it is not on PATH (`make helm` fetches it)")
    return found


def call(command: Sequence[str], longest_seconds: float) -> str:
    """Run a tool and return what it prints.

    Raises:
        Trouble: it failed, or took too long.
    """
    name = Path(command[0]).name
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=longest_seconds,
            check=False,
            # Ctrl-C is for the lab to handle, which lets the call end.
            process_group=0,
        )
    except subprocess.TimeoutExpired:
        shown = " ".join([name, *command[1:]])
        raise Trouble(f"{name} did not end within {longest_seconds:g} s: {shown}") from None
    except OSError as error:
        raise Trouble(f"{name} cannot be run: {error.strerror}") from None
    if done.returncode:
        reason = _reason(done.stderr) or f"status {done.returncode}"
        raise Trouble(f"{name}: {reason.removeprefix('Error: ').removeprefix('error: ')}")
    return done.stdout


def _reason(stderr: str) -> str:
    """Find in what a tool has written why it failed: from its first error line on, in one line."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    said = [line for line in lines if not _LOG_LINE.match(line)] or lines
    first = next((at for at, line in enumerate(said) if line.lower().startswith("error")), -3)
    return " ".join(said[first:])
