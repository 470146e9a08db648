"""Saved logs of clients, and the command that judges them."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.lab.runs import SERVERS, Run

BOUND_SECONDS = 60

Save = Callable[[str, list[str]], Path]


def balanced(*overrides: str, replicas: tuple[str, ...] = SERVERS, each: int = 80) -> list[str]:
    """Return the log of a client whose connections were spread evenly."""
    run = Run(*overrides)
    for index in range(each * len(replicas)):
        run.hang_up(run.connect(replicas[index % len(replicas)], index / 10), index / 10)
    return run.log()


TWO = "client.parallelism=2"


def verify(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "long_lived.lab",
            "verify",
            "--out",
            str(folder),
            *map(str, arguments),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=BOUND_SECONDS,
        check=False,
    )
