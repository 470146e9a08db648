"""What live metrics cost a server and a client that hold 10,000 connections with a request each.

    .venv/bin/python bench/scrape.py [--users 10000] [--scrapes 100]

Both run twice, without metrics and with them, in the second run scraped one scrape after the other.
Prints for each: the bytes of an answer, how long one took, the CPU time of a scrape (beyond that of
the same time without any), and the memory (PSS) in both runs.
"""

import argparse
import json
import os
import resource
import signal
import socket
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 150
ENOUGH = 0.95
"""Of the requests: on a busy machine some are too late to connect."""
SETTINGS = {
    "server.runtime": "gunicorn",
    "server.gunicorn.workerClass": "gevent-repaired",
    "server.delay.minSeconds": "600",
    "server.delay.maxSeconds": "600",
    "client.engine": "asyncio",
    "client.rampUpSeconds": "20",
    "client.timeouts.readSeconds": "700",
}
SIDES = {"server": "127.0.0.1", "client": "127.0.0.2"}
"""Where each side tells its metrics."""


def get(url: str) -> tuple[bytes, float]:
    """Ask on a new connection; return the answer and the seconds it took."""
    began = time.perf_counter()
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read(), time.perf_counter() - began


def family(process: psutil.Process) -> list[psutil.Process]:
    """List a process and those that it started."""
    return [process, *process.children(recursive=True)]


def memory(process: psutil.Process) -> int:
    """Return the bytes of both, with their share of what they share."""
    return sum(one.memory_full_info().pss for one in family(process))


def cpu_seconds(process: psutil.Process) -> float:
    """Return the CPU time of both."""
    return sum(sum(one.cpu_times()[:2]) for one in family(process))


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.create_server(("", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def running(users: int, *more: str) -> Iterator[dict[str, psutil.Process]]:
    """Run both, until the block ends, once nearly all users have a request in flight."""
    ports = SETTINGS | {"server.port": f"{free_port()}", "client.concurrency": f"{users}"}
    sets = [f"{key}={value}" for key, value in ports.items()] + list(more)
    flags = [part for one in sets for part in ("--set", one)]
    processes: dict[str, psutil.Popen] = {}
    with tempfile.TemporaryDirectory() as folder:
        try:
            for side, address in SIDES.items():
                command = [sys.executable, "-m", f"long_lived.{side}", *flags]
                command += ["--metrics-address", address]
                with Path(folder, side).open("wb") as log:
                    processes[side] = psutil.Popen(
                        command,
                        stdout=log,
                        stderr=log,
                        env={**os.environ, "POD_ID": "one"},
                        process_group=0,
                    )
            url = f"http://127.0.0.1:{ports['server.port']}/stats"
            until, last, held = time.monotonic() + START_SECONDS, 0, 0
            while held < ENOUGH * users or held > last:
                if time.monotonic() > until or any(one.poll() for one in processes.values()):
                    sys.exit("\n".join(Path(folder, side).read_text()[-2000:] for side in SIDES))
                time.sleep(1)
                last = held
                with suppress(OSError):
                    held = json.loads(get(url)[0])["in_flight"]
            yield dict(processes)
        finally:
            for one in processes.values():
                with suppress(ProcessLookupError):
                    os.killpg(one.pid, signal.SIGKILL)
                one.wait()


def main() -> None:
    """Run without metrics and with them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--scrapes", type=int, default=100)
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with running(options.users) as processes:
        without = {side: memory(one) for side, one in processes.items()}
    print(
        "\n| side | bytes | median | longest | CPU | without metrics | with |\n"
        "|---|---|---|---|---|---|---|"
    )
    port = free_port()
    on = ("metrics.enabled=true", f"metrics.port={port}")
    with running(options.users, *on) as processes:
        for side, one in processes.items():
            url = f"http://{SIDES[side]}:{port}/metrics"
            body, _ = get(url)
            began, before = time.monotonic(), cpu_seconds(one)
            took = [get(url)[1] for _ in range(options.scrapes)]
            seconds, spent = time.monotonic() - began, cpu_seconds(one) - before
            before = cpu_seconds(one)
            time.sleep(seconds)
            spent -= cpu_seconds(one) - before
            print(
                f"| {side} | {len(body):,} | {statistics.median(took) * 1e3:.1f} ms | "
                f"{max(took) * 1e3:.1f} ms | {spent / options.scrapes * 1e3:.1f} ms | "
                f"{without[side] / 1e6:.1f} MB | {memory(one) / 1e6:.1f} MB |",
                flush=True,
            )


if __name__ == "__main__":
    main()
