"""The CPU time that a replica reports, against the kernel's for its process."""

import os
import time
from pathlib import Path

from tests.server.replicas import QUICK, Replica, Start
from tests.server.variants import ALL, Variant, side_by_side
from tests.waiting import eventually

TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")
REQUESTS = 100


def serving_process(replica: Replica) -> int:
    """Return the pid of the process that serves: gunicorn's worker, or the one started."""
    own = replica.process.pid
    children = Path(f"/proc/{own}/task/{own}/children").read_text().split()
    return int(children[0]) if children else own


def kernel_seconds(process: int) -> float:
    """Return user plus system time, in whole ticks. Source: proc_pid_stat(5)."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_SECONDS


def own_seconds(replica: Replica) -> float:
    """Return what the replica reports."""
    seconds = replica.stats()["cpu_seconds"]
    assert isinstance(seconds, float)
    return seconds


@side_by_side(ALL)
def test_cpu_seconds_are_those_of_the_process_that_serves(variant: Variant, start: Start) -> None:
    """They begin with the instance, and grow like the kernel's count, within two ticks."""
    started = time.monotonic()
    replica = start(*variant.settings, *QUICK)
    process = serving_process(replica)
    first = own_seconds(replica)
    assert first <= kernel_seconds(process) + 2 * TICK_SECONDS
    assert first <= time.monotonic() - started
    if process == replica.process.pid:  # not a worker's, whose time begins with it
        assert first < kernel_seconds(process), "what it took before it served does not count"

    before = kernel_seconds(process)
    first = own_seconds(replica)
    meanwhile = kernel_seconds(process)

    def busy() -> bool:
        for _ in range(REQUESTS):
            replica.get("/healthz")
        return kernel_seconds(process) > meanwhile + 5 * TICK_SECONDS

    eventually(busy)
    least = kernel_seconds(process) - meanwhile
    used = own_seconds(replica) - first
    most = kernel_seconds(process) - before
    assert least - 2 * TICK_SECONDS <= used <= most + 2 * TICK_SECONDS
