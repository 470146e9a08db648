"""What a client costs: this project's engines, hey, wrk and the seed's own client, side by side.

    .venv/bin/python bench/clients.py [--users 10000] [--low 20] [--high 30] [--ramp-up 2]
        [--repeat 1] [--only NAME …] [--python PYTHON …] [--locust LOCUST] [--json FILE]

Each holds the same requests against a server of its own (this project's, in Go), one after the
other, in one run; with --repeat all of them again, and the table has the medians. It is of its own
because the kernel takes long to find a port among ten thousand that another client has just left:
twice the time in the kernel (1.0 against 2.6 s, asyncio after hey). hey and wrk are measured
where they are installed (apt-get install hey wrk). Each PYTHON is an interpreter that has the
client's packages, such as the one of

    python3.11 -m venv .cache/python3.11
    .cache/python3.11/bin/pip install --require-hashes --requirement locks/client.txt

and LOCUST is a locust, with its two kinds of users, such as the one of

    .venv/bin/python -m venv .cache/locust
    .cache/locust/bin/pip install locust

Columns: seconds beyond the longest delay; CPU time of the client in all, and of that in the kernel;
its peak memory; when all were in flight, as the server counts them (every 50 ms; – never); the
overhead of an answer, where the client tells.
"""

import argparse
import json
import math
import os
import re
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(HERE.parent / "src"), "POD_ID": "bench"}
# As where it is installed: compiled once, and not at each start.
ENVIRONMENT.pop("PYTHONDONTWRITEBYTECODE", None)
URL = "http://server"
"""Stands for the server's in a command."""
ENGINES = ("threads", "gevent", "asyncio")
LONGEST_SECONDS = 900
HEAD = """\
| client | answered | s beyond | CPU s | in kernel | peak MB | all in flight | overhead p50, p99 |
|---|---|---|---|---|---|---|---|"""
LOOK_SECONDS = 0.05


@dataclass(frozen=True)
class Tool:
    """A client, and what it is started with."""

    name: str
    command: list[str]


def set_flags(settings: dict[str, object]) -> list[str]:
    """Return the flags of these settings."""
    return [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]


def tools(options: argparse.Namespace) -> Iterator[Tool]:
    """List the clients that can be measured here."""
    users, low, high = options.users, options.low, options.high
    for python in [sys.executable, *options.python]:
        asked = [python, "-c", "import platform; print(platform.python_version())"]
        version = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
        for engine in ENGINES:
            settings = set_flags(
                {
                    "client.url": f"{URL}/",
                    "client.concurrency": users,
                    "client.engine": engine,
                    "client.rampUpSeconds": options.ramp_up,
                    "client.thinkTime.minSeconds": 0,
                    "client.thinkTime.maxSeconds": 0,
                    "server.delay.minSeconds": low,
                    "server.delay.maxSeconds": high,
                }
            )
            quiet = ["-m", "long_lived.client", "--progress-seconds", "0"]
            name = engine if python == sys.executable else f"{engine}, CPython {version}"
            yield Tool(name, [python, *quiet, *settings])
    longest = str(LONGEST_SECONDS)
    if shutil.which("hey"):
        count = ["-n", str(users), "-c", str(users)]
        yield Tool(
            "hey", ["hey", *count, "-t", longest, "-H", "Accept: application/json", f"{URL}/"]
        )
    if shutil.which("wrk"):
        # It sends for so long, a second request on most connections: their answers are too late.
        rest = ["-d", f"{math.ceil(high) + 3}s", "--timeout", f"{longest}s"]
        yield Tool("wrk", ["wrk", "-t", "2", "-c", str(users), *rest, f"{URL}/"])
    if options.locust:
        file = ["--locustfile", str(HERE / "locust_file.py"), "--host", URL]
        load = [
            "--headless",
            "--only-summary",
            "--run-time",
            f"{math.ceil(high) + 60}s",
            "--users",
            str(users),
            "--spawn-rate",
            str(users),
        ]
        for kind, name in (("Requests", "locust, HttpUser"), ("Fast", "locust, FastHttpUser")):
            yield Tool(name, [options.locust, *file, *load, "--loglevel", "ERROR", kind])
    plain = [sys.executable, str(HERE / "plain_client.py"), f"{URL}/", str(users)]
    yield Tool("Session.get", plain)


@contextmanager
def server(low: float, high: float) -> Iterator[str]:
    """Serve until the block ends; yield the url."""
    subprocess.run([sys.executable, "-m", "long_lived.server.runtimes.go", "--install"], check=True)
    delays = {"server.delay.minSeconds": low, "server.delay.maxSeconds": high}
    flags = set_flags({"server.runtime": "go", **delays})
    command = [sys.executable, "-m", "long_lived.server", "--bind", "127.0.0.1:0", *flags]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        with log.open("wb") as errors:
            process = subprocess.Popen(
                command, stderr=errors, env=ENVIRONMENT, start_new_session=True
            )
        try:
            while not (found := re.search(r"Serving pod=.* (http://\S+/)", log.read_text())):
                if process.poll() is not None:
                    sys.exit(log.read_text())
                time.sleep(0.1)
            yield found[1]
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def in_flight(url: str) -> int:
    """Ask the server how many requests it holds."""
    with urllib.request.urlopen(f"{url}stats", timeout=30) as answer:
        return int(json.load(answer)["in_flight"])


def measure(tool: Tool, url: str, options: argparse.Namespace) -> dict[str, Any]:
    """Run a client once; return what it took and what came of it."""
    command = [part.replace(URL, url.rstrip("/")) for part in tool.command]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        began = time.monotonic()
        process = subprocess.Popen(command, stdout=out, stderr=errors, env=ENVIRONMENT)
        all_after = None
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            if all_after is None and in_flight(url) >= options.users:
                all_after = time.monotonic() - began
            time.sleep(LOOK_SECONDS)
        wall = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        for stream in (out, errors):
            stream.seek(0)
        printed = out.read().decode(errors="replace")
        if process.returncode:
            told = errors.read().decode(errors="replace").strip().rpartition("\n")[2]
            sys.exit(f"{tool.name}: exit status {process.returncode}: {told}")
    return {
        "beyond_seconds": wall - options.high,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "kernel_seconds": usage.ru_stime,
        "peak_megabytes": usage.ru_maxrss * 1024 / 1e6,
        "all_in_flight_seconds": all_after,
        **results(printed),
    }


def results(printed: str) -> dict[str, Any]:
    """Read what a client says of its requests."""
    last = printed.rstrip().rpartition("\n")[2]
    if last.startswith('{"format"'):
        told = json.loads(last)
        overhead = told["overhead_seconds"]
        return {
            "answered": told["requests"]["answered"],
            "overhead_p50_ms": overhead["p50"] * 1000,
            "overhead_p99_ms": overhead["p99"] * 1000,
        }
    for pattern in (r"\[200\]\s+(\d+) responses", r"(\d+) requests in"):
        if found := re.search(pattern, printed):
            return {"answered": int(found[1])}
    return {"answered": printed.count("Response from Pod")}


def row(name: str, runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the medians of several runs."""
    medians: dict[str, Any] = {"client": name}
    for key in runs[0]:
        values = [run[key] for run in runs]
        medians[key] = None if None in values else statistics.median(values)
    return medians


def cells(one: dict[str, Any]) -> str:
    """Word a row of the table."""
    after, p50 = one["all_in_flight_seconds"], one.get("overhead_p50_ms")
    overhead = "" if p50 is None else f"{p50:.1f}, {one['overhead_p99_ms']:.1f} ms"
    return (
        f"| {one['client']} | {one['answered']:,.0f} | {one['beyond_seconds']:.1f} "
        f"| {one['cpu_seconds']:.2f} | {one['kernel_seconds']:.2f} | {one['peak_megabytes']:.0f} "
        f"| {'–' if after is None else f'{after:.1f} s'} | {overhead} |"
    )


def main() -> None:
    """Measure all clients."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--low", type=float, default=20, help="shortest delay, in seconds")
    parser.add_argument("--high", type=float, default=30, help="longest delay, in seconds")
    parser.add_argument(
        "--ramp-up", type=float, default=2, help="over how long this project's clients send"
    )
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--only", action="append", help="measure this client and no other")
    parser.add_argument("--locust", help="a locust to measure, too")
    parser.add_argument("--json", type=Path, help="where to write all figures")
    parser.add_argument(
        "--python",
        action="append",
        default=[],
        help="further interpreters that have the client's packages",
    )
    options = parser.parse_args()
    for flag, named in [("python", one) for one in options.python] + [("locust", options.locust)]:
        if named and shutil.which(named) is None:
            parser.error(f"--{flag}: there is no {named}")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # hey and wrk do not do so themselves
    runs: dict[str, list[dict[str, Any]]] = defaultdict(list)
    chosen = [tool for tool in tools(options) if not options.only or tool.name in options.only]
    for _ in range(options.repeat):
        for tool in chosen:
            with server(options.low, options.high) as url:
                runs[tool.name].append(measure(tool, url, options))
            print(cells(row(tool.name, runs[tool.name][-1:])), file=sys.stderr, flush=True)
    rows = [row(name, of_one) for name, of_one in runs.items()]
    print(HEAD)
    print("\n".join(map(cells, rows)))
    if options.json:
        options.json.write_text(json.dumps({"medians": rows, "runs": runs}, indent=1) + "\n")


if __name__ == "__main__":
    main()
