"""A program's peak memory is its own."""

import subprocess
import sys

MEBIBYTE = 2**20
CHILD = "from long_lived.resources.memory import peak_memory_bytes; print(peak_memory_bytes())"
PARENT = f"""
import subprocess, sys
held = b"x" * {200 * MEBIBYTE}
sys.exit(subprocess.run([sys.executable, "-c", {CHILD!r}]).returncode)
"""


def peak(program: str) -> int:
    """Run a program that prints a peak."""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    return int(done.stdout)


def test_peak_is_not_that_of_the_parent() -> None:
    """A small program started by a large one is small."""
    assert peak(PARENT) < 100 * MEBIBYTE


def test_peak_includes_what_was_given_back() -> None:
    """Freed memory still counts."""
    program = f"held = b'x' * {100 * MEBIBYTE}; del held; {CHILD}"
    assert 100 * MEBIBYTE < peak(program) < 200 * MEBIBYTE
