"""Does one replica hold 10,000 requests in flight, at what cost, answering its probes meanwhile?

    .venv/bin/python bench/one_replica.py [--users 10000] [--runtime NAME …]

For each runtime: one replica, to which hey (apt-get install hey) sends all at once, delays of 25 to
30 s. /healthz is asked twice a second on a new connection. Prints a table: the most requests in
flight that the replica reported, the answers, its memory (PSS of all its processes) when idle and
for each request held beyond that, its CPU time for each, and how long the probes took.
"""

import argparse
import json
import os
import re
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
PROBE_SECONDS = 30
RUNTIMES = {
    "flask": ["server.runtime=flask"],
    **{
        f"gunicorn, {name}": ["server.runtime=gunicorn", f"server.gunicorn.workerClass={name}"]
        for name in ("gthread-repaired", "gthread", "gevent-repaired", "gevent")
    },
    "go": ["server.runtime=go"],
}


def get(url: str) -> tuple[str, float]:
    """Ask on a new connection; return the answer and the seconds it took."""
    began = time.monotonic()
    with urllib.request.urlopen(url, timeout=PROBE_SECONDS) as answer:
        return answer.read().decode(), time.monotonic() - began


def memory(replica: psutil.Process) -> int:
    """Return the bytes of a replica's processes, with their share of what they share."""
    return sum(one.memory_full_info().pss for one in [replica, *replica.children(recursive=True)])


def cpu_seconds(replica: psutil.Process) -> float:
    """Return the CPU time of a replica's processes."""
    times = [one.cpu_times() for one in [replica, *replica.children(recursive=True)]]
    return sum(one.user + one.system for one in times)


def command(program: str, settings: list[str], *flags: str) -> list[str]:
    """Return the command of one of the project's programs."""
    sets = [part for pair in settings for part in ("--set", pair)]
    return [sys.executable, "-m", f"long_lived.{program}", *sets, *flags]


def measure(name: str, settings: list[str], users: int) -> None:
    """Measure one runtime and print its line of the table."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "POD_ID": "one"}
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "server.log"
        with log.open("wb") as errors:
            server = subprocess.Popen(
                command("server", settings, "--bind", "127.0.0.1:0"),
                stderr=errors,
                env=environment,
                process_group=0,  # with gunicorn's worker
            )
        try:
            while " on http" not in log.read_text():
                if server.poll() is not None:
                    sys.exit(log.read_text())
                time.sleep(0.1)
            url = log.read_text().rpartition(" on ")[2].split()[0]
            get(f"{url}stats")
            replica = psutil.Process(server.pid)
            idle, idle_cpu = memory(replica), cpu_seconds(replica)
            client = subprocess.Popen(
                ["hey", "-n", str(users), "-c", str(users), "-t", "900", url],
                stdout=subprocess.PIPE,
                text=True,
            )
            most, full, took = 0, idle, []
            while client.poll() is None:
                took.append(get(f"{url}healthz")[1])
                most = max(most, json.loads(get(f"{url}stats")[0])["in_flight"])
                full = max(full, memory(replica))
                time.sleep(0.5)
            spent = cpu_seconds(replica) - idle_cpu
            assert client.stdout is not None, "piped"
            found = re.search(r"\[200\]\s+(\d+) responses", client.stdout.read())
            answered = int(found[1]) if found else 0
        finally:
            with suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)
            server.wait()
    median, longest = statistics.median(took), max(took)
    print(
        f"| {name} | {most:,} | {answered:,} of {users:,} | {idle / 1e6:.0f} MB | "
        f"{(full - idle) / users / 1e3:.1f} kB | {spent / users * 1e3:.2f} ms | {len(took)} | "
        f"{median * 1000:.1f} ms | {longest:.2f} s |",
        flush=True,
    )


def main() -> None:
    """Measure all runtimes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--runtime", action="append", choices=RUNTIMES, help="only this one")
    options = parser.parse_args()
    delay = ["server.delay.minSeconds=25", "server.delay.maxSeconds=30"]
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # hey does not do so itself
    print(
        "\n| runtime | most in flight | answered | idle | memory each | CPU each | probes | median "
        "| longest |\n|---|---|---|---|---|---|---|---|---|"
    )
    subprocess.run([sys.executable, "-m", "long_lived.server.runtimes.go", "--install"], check=True)
    for name in options.runtime or RUNTIMES:
        measure(name, [*RUNTIMES[name], *delay], options.users)


if __name__ == "__main__":
    main()
