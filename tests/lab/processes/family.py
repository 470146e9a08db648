"""A process with a worker, and which processes still run."""

import re
from collections.abc import Iterable
from pathlib import Path

from tests.waiting import eventually

BOUND_SECONDS = 30

FAMILY = ["sh", "-c", "sleep 600 & echo worker $!; wait"]
"""A process with a worker, whose pid it logs."""


def runs(pid: int) -> bool:
    """Tell whether a process runs: it exists, and is not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def await_end(pids: Iterable[int]) -> None:
    """Wait until none of these runs: a kill takes effect soon, but not at once."""
    eventually(lambda: not any(map(runs, pids)))


def worker(log: Path) -> int:
    """Wait for the worker's pid in a log."""

    def logged() -> re.Match[str] | None:
        return re.search(r"worker (\d+)\n", log.read_text()) if log.exists() else None

    return int(eventually(logged)[1])


def exists(pid: int) -> bool:
    """Tell whether a pid is taken, if only by a zombie."""
    return Path(f"/proc/{pid}").exists()
