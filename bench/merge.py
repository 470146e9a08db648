"""What it takes to merge the summaries of many clients, each written by the client's own ledger.

.venv/bin/python -m bench.merge [--clients 1000] [--users 1000] [--replicas 300]
"""

import argparse
import random
import resource
import subprocess
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
from long_lived.record.merge import merge_one_by_one
from long_lived.record.summary import Cost, parse
from long_lived.settings import load

DISTINCT = 20
"""How many summaries differ; the others repeat them."""


class _Clock(Clock):
    """A clock that is set."""

    now = 0.0

    def elapsed_seconds(self) -> float:
        return self.now


def line(users: int, replicas: int, number: int) -> str:
    """Write the summary of one client: its users hold a request of 20-60 s each, then another."""
    settings = load((), [f"client.concurrency={users}", f"server.replicas={replicas}"])
    clock = _Clock()
    ledger = Ledger(clock, Output(1), 2 * users, log_responses=False)
    sent = {}
    moments = []
    for user in range(users):
        at = 2 * user / users
        for request in range(2):
            ends = at + random.uniform(20, 60)
            moments += [(at, user, request), (ends, user, request)]
            at = ends + random.uniform(1, 3)
    connections = [Connection(user, 0.0) for user in range(users)]
    for at, user, request in sorted(moments):
        clock.now = at
        before = sent.pop((user, request), None)
        if before is None:
            send = ledger.enter_send(random.expovariate(1000))
            assert send is not None
            sent[user, request] = send
            continue
        took = at - before.at_seconds
        pod = f"server-{user % replicas:03}"
        answer = Answer(pod, took - 0.001, took, False, connections[user], f"{pod}-1", at + 60)
        ledger.enter_answer(before, answer)
    ledger.close(connections)
    return str(
        summarize(
            *(settings, ledger),
            opened=users,
            retired=0,
            client_id=f"{number:016x}",
            stalls=Stalls(),
            load_seconds=clock.now,
            stopped_by=None,
            problem=None,
            cost=Cost(cpu_seconds=1.0, peak_memory_bytes=60_000_000),
        )
    )


def main() -> None:
    """Write the summaries, and merge them in a process of their own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--users", type=int, default=1000)
    parser.add_argument("--replicas", type=int, default=300)
    parser.add_argument("--merge", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.merge:
        began, cpu = time.monotonic(), time.process_time()
        with options.merge.open(encoding="utf-8") as file:
            found = (parse(one.rstrip("\n")) for one in file)
            merged = merge_one_by_one((one, 0.0) for one in found if one)
            assert merged
        wall, cpu = time.monotonic() - began, time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        answered = merged.requests.answered
        print(f"{answered:,} answers: {wall:.1f} s, {cpu:.1f} s of CPU, peak {peak:.0f} MiB")
        return
    lines = [line(options.users, options.replicas, number) for number in range(DISTINCT)]
    with tempfile.NamedTemporaryFile("w", suffix=".log") as file:
        file.writelines(f"{lines[n % DISTINCT]}\n" for n in range(options.clients))
        file.flush()
        size = len(lines[0])
        print(f"{options.clients:,} summaries of {options.users:,} users, {size / 1e3:.0f} kB each")
        subprocess.run([sys.executable, "-m", "bench.merge", "--merge", file.name], check=True)


if __name__ == "__main__":
    main()
