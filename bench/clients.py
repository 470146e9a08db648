"""What a client costs: the project's two engines and the seed's literal client, side by side.

    .venv/bin/python bench/clients.py [--users 10000] [--low 20] [--high 60] [--python PYTHON …]

Each holds the same requests against the same server (slow_server.py), one after the other, in
one run. Prints a table: wall time, CPU time (user + system) and peak memory of the client alone.
Each PYTHON is an interpreter that has the client's packages, such as the one of

    python3.11 -m venv .cache/python3.11
    .cache/python3.11/bin/pip install --require-hashes --requirement locks/client.txt
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
LONGEST_SECONDS = 900


def client(engine: str, port: int, options: argparse.Namespace) -> list[str]:
    """Return the command of the project's client."""
    settings = {
        "client.url": f"http://127.0.0.1:{port}/",
        "client.concurrency": options.users,
        "client.engine": engine,
        "client.rampUpSeconds": 8,
        "server.delay.minSeconds": options.low,
        "server.delay.maxSeconds": options.high,
    }
    sets = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
    return ["-m", "long_lived.client", "--progress-seconds", "0", *sets]


def measure(name: str, command: list[str]) -> None:
    """Run a client and print its line of the table."""
    began = time.monotonic()
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**os.environ, "PYTHONPATH": str(HERE.parent / "src")},
        )
        assert process.stdout is not None, "piped"
        lines = process.stdout.read().splitlines()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            told = errors.read().decode(errors="replace").strip().rpartition("\n")[2]
            sys.exit(f"{name}: exit status {process.returncode}: {told}")
    answered = sum(line.count(b"Response from Pod") for line in lines)
    if lines and lines[-1].startswith(b'{"format"'):
        answered = json.loads(lines[-1])["requests"]["answered"]
    cpu = usage.ru_utime + usage.ru_stime
    print(
        f"| {name} | {answered:,} | {wall:.1f} | {cpu:.1f} | {usage.ru_maxrss / 1024:.0f} |",
        flush=True,
    )


def main() -> None:
    """Measure all clients."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--low", type=float, default=20)
    parser.add_argument("--high", type=float, default=60)
    parser.add_argument(
        "--python",
        action="append",
        default=[],
        help="further interpreters that have the client's packages",
    )
    options = parser.parse_args()
    for python in options.python:
        if shutil.which(python) is None:
            parser.error(f"--python: no interpreter {python}")
    serve = [sys.executable, str(HERE / "slow_server.py"), str(options.low), str(options.high)]
    server = subprocess.Popen(serve, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None, "piped"
        port = int(server.stdout.readline())
        print("| client | answered | wall s | CPU s | peak MiB |\n|---|---|---|---|---|")
        for python in [sys.executable, *options.python]:
            version = subprocess.run(
                [python, "-c", "import platform; print(platform.python_version())"],
                capture_output=True,
                text=True,
                check=True,
            ).stdout.strip()
            for engine in ("threads", "gevent"):
                name = f"long-lived, {engine}, CPython {version}"
                measure(name, [python, *client(engine, port, options)])
        plain = [str(HERE / "plain_client.py"), f"http://127.0.0.1:{port}/", str(options.users)]
        measure("`Session.get`, threads, all defaults", [sys.executable, *plain])
    finally:
        server.kill()
        server.wait(LONGEST_SECONDS)


if __name__ == "__main__":
    main()
