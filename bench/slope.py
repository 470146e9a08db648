"""Does the cost of the event loop grow in step with the connections, as `plan` takes for granted?

    .venv/bin/python -m bench.slope [SIZE …]

Runs values/hundred-thousand.yaml with so many connections (1,000 to 100,000), at most 12,500 to a
client, with delays of 20-30 s. Prints CPU and memory of the clients as measured and as planned, and
how far the CPU time of one connection, the clients' start aside, is from that of all sizes.
"""

import argparse
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import mean

from long_lived.lab.analysis.scale.costs import CLIENTS
from long_lived.record.lines import Started

USERS = 12_500
SIZES = (1_000, 3_000, 10_000, 30_000, 100_000)


def measure(size: int) -> tuple[int, float, float, float]:
    """Run it; return how many clients, CPU seconds, those of their start, megabytes."""
    clients = math.ceil(size / USERS)
    settings = {
        "client.parallelism": clients,
        "client.concurrency": size // clients,
        "client.rampUpSeconds": max(2, size // 5_000),
        "server.replicas": max(3, math.ceil(size / 15_000)),
        "server.delay.minSeconds": 20,
        "server.delay.maxSeconds": 30,
    }
    sets = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
    with tempfile.TemporaryDirectory() as out:
        lab = [sys.executable, "-m", "long_lived.lab", "run", "hundred-thousand", *sets]
        subprocess.run([*lab, "--out", out], check=True, stdout=subprocess.DEVNULL)
        latest = Path(out, "latest")
        cost = json.loads((latest / "summary.json").read_text())["clients"]["cost"]
        lines = [line for log in latest.glob("client*.log") for line in log.read_text().split("\n")]
    begun = [started.cpu_seconds for line in lines if (started := Started.parse(line))]
    assert len(begun) == clients, "each says when it has started"
    return clients, cost["cpu_seconds"], sum(begun), cost["peak_memory_bytes"] / 1e6


def main() -> None:
    """Measure all sizes, and compare."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("sizes", metavar="SIZE", type=int, nargs="*", default=SIZES)
    sizes = parser.parse_args().sizes
    each, plan = {}, CLIENTS["asyncio"]
    print("| connections | clients | CPU | planned | of that start | each | memory |")
    print("|---|---|---|---|---|---|---|")
    for size in sizes:
        clients, cpu, start, megabytes = measure(size)
        each[size] = (cpu - start) / size * 1e6
        planned = clients * plan.seconds + size * 1e-3 * (
            plan.milliseconds_each + plan.milliseconds_per_request
        )
        print(
            f"| {size:,} | {clients} | {cpu:.1f} s | {planned:.1f} s | {start:.1f} s "
            f"| {each[size]:.0f} µs | {megabytes:.0f} MB |",
            flush=True,
        )
    middle = mean(each.values())
    print("\n" + ", ".join(f"{size:,}: {one / middle - 1:+.0%}" for size, one in each.items()))


if __name__ == "__main__":
    main()
