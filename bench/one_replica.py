"""Does one replica hold 10,000 requests in flight, and answer its probes meanwhile?

    .venv/bin/python bench/one_replica.py [--users 10000]

For each runtime: one replica, all virtual users on it, delays of 25 to 30 s. /healthz is asked
twice a second on a new connection. Prints a table: the most requests in flight that the replica
reported, the answers, and how long the probes took.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROBE_SECONDS = 30
RUNTIMES = {
    "flask": ["server.runtime=flask"],
    **{
        f"gunicorn, {name}": ["server.runtime=gunicorn", f"server.gunicorn.workerClass={name}"]
        for name in ("gthread-repaired", "gevent-repaired")
    },
    "go": ["server.runtime=go"],
}


def get(url: str) -> tuple[str, float]:
    """Ask on a new connection; return the answer and the seconds it took."""
    began = time.monotonic()
    with urllib.request.urlopen(url, timeout=PROBE_SECONDS) as answer:
        return answer.read().decode(), time.monotonic() - began


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
            client = subprocess.Popen(
                command(
                    "client",
                    [
                        *settings,
                        f"client.url={url}",
                        f"client.concurrency={users}",
                        "client.rampUpSeconds=8",
                        "client.logResponses=false",
                    ],
                ),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
            )
            most, took = 0, []
            while client.poll() is None:
                took.append(get(f"{url}healthz")[1])
                most = max(most, json.loads(get(f"{url}stats")[0])["in_flight"])
                time.sleep(0.5)
            assert client.stdout is not None, "piped"
            answered = json.loads(client.stdout.read())["requests"]["answered"]
        finally:
            with suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)
            server.wait()
    median, longest = statistics.median(took), max(took)
    print(
        f"| {name} | {most:,} | {answered:,} of {users:,} | {len(took)} | "
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
    print("\n| runtime | most in flight | answered | probes | median | longest |")
    print("|---|---|---|---|---|---|")
    subprocess.run([sys.executable, "-m", "long_lived.server.runtimes.go", "--install"], check=True)
    for name in options.runtime or RUNTIMES:
        measure(name, [*RUNTIMES[name], *delay], options.users)


if __name__ == "__main__":
    main()
