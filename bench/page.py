"""What the page of a run takes: its size, the time and the memory to build it.

    python bench/page.py [FOLDER]

Runs with a restart of a third of the replicas, entered in the client's own ledger, kept as `run`
keeps them, below FOLDER (default: a temporary one). `long-lived report` then builds each page, in a
process of its own. The first one on a machine also puts the script of the plots together.
"""

import itertools
import os
import random
import sys
import tempfile
import time
from pathlib import Path

from long_lived.client.clock import Clock
from long_lived.client.ledger import Answer, Ledger
from long_lived.client.output import Output
from long_lived.client.stalls import Stalls
from long_lived.client.summary import summarize
from long_lived.client.transport.connections import Connection
from long_lived.lab.analysis.events.change import Change
from long_lived.lab.experiment.course import conclude
from long_lived.lab.experiment.outcome import Outcome
from long_lived.lab.experiment.results import keep
from long_lived.lab.results.origin import origin_here
from long_lived.record.error_kind import ErrorKind
from long_lived.record.summary import Cost
from long_lived.settings import load

ANSWERS = 4
"""Of each connection, over the load."""


class HandClock(Clock):
    """A clock that only the simulation moves."""

    now = 0.0

    def elapsed_seconds(self) -> float:
        """Return what was set."""
        return self.now


def simulated(connections: int, replicas: int, seconds: float) -> Outcome:
    """Return what a run leaves of which a third of the replicas restart in its middle."""
    random.seed(1)
    clock = HandClock()
    clock.restart()
    ledger = Ledger(clock, Output(-1), 0, log_responses=False)
    names = [f"long-lived-server-7d4b9c6f5-{number:05d}" for number in range(replicas)]
    going = names[: max(1, replicas // 3)]
    staying, coming = names[len(going) :], [f"{name}n" for name in going]
    at = seconds / 2
    turns = sorted(
        (random.uniform(0.02, 0.98) * seconds, number)
        for number in range(connections)
        for _ in range(ANSWERS)
    )
    held: dict[int, Connection] = {}
    numbers = itertools.count(1)
    for clock.now, number in turns:
        connection = held.get(number)
        send = ledger.enter_send(0.0)
        assert send is not None
        if connection is not None and clock.now > at and connection.pod in going:
            connection.closed_seconds = clock.now
            ledger.enter_close(connection)
            if random.random() < 0.01:
                ledger.enter_failure(send, ErrorKind.CONNECTION_LOST, "gone", connection)
                held.pop(number)
                continue
            connection = None
        if connection is None:
            connection = held[number] = Connection(next(numbers), clock.now)
        pod = connection.pod or random.choice(names if clock.now < at else staying)
        took = random.uniform(0.2, 0.6)
        overhead = random.lognormvariate(-5, 1)
        answer = Answer(pod, took, took + overhead, False, connection, f"{pod}-1", clock.now + 60)
        ledger.enter_answer(send, answer)
    clock.now = seconds
    ledger.close(held.values())
    settings = load(
        [],
        [f"server.replicas={replicas}", f"client.concurrency={min(connections, 100_000)}"],
        {},
    )
    summary = summarize(
        settings,
        ledger,
        opened=next(numbers) - 1,
        retired=0,
        client_id="0123456789abcdef",
        stalls=Stalls(),
        load_seconds=seconds,
        stopped_by=None,
        problem=None,
        cost=Cost(cpu_seconds=1.0, peak_memory_bytes=1),
    )
    began = clock.started_unix_seconds + at
    changes = [
        Change(began, old=old, ended_unix_seconds=began + 1, new=new, ready_unix_seconds=began + 2)
        for old, new in zip(going, coming, strict=True)
    ]
    return Outcome(summary=summary, replicas=[*names, *coming], changes=changes)


def built(folder: Path) -> tuple[float, float, float]:
    """Build the page in another process; return seconds, those of CPU, and megabytes."""
    began = time.monotonic()
    program = ["-m", "long_lived.lab", "report", str(folder)]
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    pid = os.posix_spawn(sys.executable, [sys.executable, *program], os.environ, file_actions=quiet)
    _, status, used = os.wait4(pid, 0)
    if status:
        sys.exit(f"{folder}: long-lived report ended with {os.waitstatus_to_exitcode(status)}")
    took = time.monotonic() - began
    return took, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main() -> None:
    """Print a row for each size."""
    place = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
    print("connections  replicas  seconds  summary MB  page MB  built in s  CPU s  memory MB")
    for connections, replicas, seconds in itertools.product((50, 100_000), (3, 200), (10, 600)):
        folder = place / f"{connections}-{replicas}-{seconds}"
        folder.mkdir(parents=True)
        seen = simulated(connections, replicas, seconds)
        found = conclude(seen, folder)
        keep(folder, seen, found.verdict, found.report, origin_here())
        took, cpu, memory = built(folder)
        page, summary = (
            (folder / name).stat().st_size / 1e6 for name in ("report.html", "summary.json")
        )
        print(
            f"{connections:>11,}  {replicas:>8}  {seconds:>7}  {summary:>10.2f}  {page:>7.2f}  "
            f"{took:>10.1f}  {cpu:>5.1f}  {memory:>9.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
