"""Is a request ever lost because the client recycles its connections?

    .venv/bin/python bench/recycle.py [--requests 1000000] [--users 50] [--runtime go]

One replica that answers at once; each connection is retired after 10 requests, more or less, or at
an age of a second. For each engine: prints how many requests were answered and failed, how many
connections that took, and exits with 1 if any failed. `--requests` are divided between the engines.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 120
LONGEST_SECONDS = 3600
SETTINGS = {
    "server.delay.minSeconds": 0,
    "server.delay.maxSeconds": 0,
    "client.thinkTime.minSeconds": 0,
    "client.thinkTime.maxSeconds": 0,
    "client.keepAlive.mode": "recycle",
    "client.keepAlive.maxRequests": 10,
    "client.keepAlive.maxAgeSeconds": 1,
    "client.logResponses": "false",
}


def command(program: str, settings: dict[str, object], *flags: str) -> list[str]:
    """Return the command of one of the project's programs."""
    sets = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
    return [sys.executable, "-m", f"long_lived.{program}", *sets, *flags]


def measure(engine: str, url: str, options: argparse.Namespace) -> int:
    """Drive one engine's requests, print its line of the table, and return how many failed."""
    each = options.requests // 2 // options.users
    settings = {
        **SETTINGS,
        "client.url": url,
        "client.engine": engine,
        "client.concurrency": options.users,
        "client.requestsPerUser": each,
    }
    began = time.monotonic()
    client = subprocess.run(
        command("client", settings, "--progress-seconds", "60"),
        stdout=subprocess.PIPE,
        check=False,
        timeout=LONGEST_SECONDS,
    )
    lines = client.stdout.splitlines()
    if client.returncode:
        sys.exit(f"{engine}: exit status {client.returncode}")
    summary = json.loads(lines[-1])
    requests, connections = summary["requests"], summary["connections"]
    print(
        f"| {engine} | {requests['planned']:,} | {requests['answered']:,} | {requests['failed']:,} "
        f"| {connections['opened']:,} | {connections['retired']:,} "
        f"| {time.monotonic() - began:.0f} |",
        flush=True,
    )
    return int(requests["failed"])


def main() -> None:
    """Measure both engines."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--runtime", choices=["go", "gunicorn"], default="go")
    options = parser.parse_args()
    if options.runtime == "go":
        subprocess.run(
            [sys.executable, "-m", "long_lived.server.runtimes.go", "--install"], check=True
        )
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "server.log"
        serve = {**SETTINGS, "server.runtime": options.runtime}
        with log.open("wb") as errors:
            server = subprocess.Popen(
                command("server", serve, "--bind", "127.0.0.1:0"),
                stderr=errors,
                env={**os.environ, "POD_ID": "one"},
                process_group=0,  # with gunicorn's worker
            )
        try:
            until = time.monotonic() + START_SECONDS
            while " on http" not in log.read_text():
                if server.poll() is not None or time.monotonic() > until:
                    sys.exit(log.read_text())
                time.sleep(0.1)
            url = log.read_text().rpartition(" on ")[2].split()[0]
            print("| engine | planned | answered | failed | connections | retired | s |")
            print("|---|---|---|---|---|---|---|", flush=True)
            failed = sum(measure(engine, url, options) for engine in ("threads", "gevent"))
        finally:
            with suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)
            server.wait()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
