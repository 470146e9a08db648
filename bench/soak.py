"""Does anything grow in a long run with many events?

    .venv/bin/python bench/soak.py [--minutes 5] [--users 2000] [--engine asyncio]

Three gunicorn replicas on this machine, and every minute another event: a restart, a rollout, a
crash. A line each minute tells what memory (PSS) and how many files the lab, its client and its
replicas have. Exits with 1 and a line if one of them grows, or if the account does not balance:
planned = answered + failed, and the servers' own counts are the clients'.
"""

import argparse
import os
import re
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from long_lived.lab.experiment.course import Conclusion, run_experiment
from long_lived.lab.experiment.events.registry import KINDS
from long_lived.lab.experiment.interrupts import Interrupts
from long_lived.lab.experiment.moment import Moment
from long_lived.lab.local.backend import LocalBackend
from long_lived.settings import Settings, load

EVENT_SECONDS = 60
EVENTS = ("restart", "rollout", "crash")
SAMPLE_SECONDS = 5.0
WARM_SECONDS = 45.0
"""Of each process: imports, caches and all connections are there by then."""
LEAST_SAMPLES = 12
"""A minute of a process: of one that lived less nothing is concluded."""
MOST_GROWTH = 0.1
SPARE_BYTES = 8 * 2**20
SPARE_FILES = 20
"""What may be open for a moment."""


@dataclass
class Samples:
    """What one process had, over time."""

    pss: list[int] = field(default_factory=list)
    files: list[int] = field(default_factory=list)


def settings_of(options: argparse.Namespace) -> Settings:
    """Return the settings of the run."""
    pairs = {
        "server.runtime": "gunicorn",
        "server.delay.minSeconds": 0.5,
        "server.delay.maxSeconds": 2,
        "client.engine": options.engine,
        "client.concurrency": options.users,
        "client.thinkTime.minSeconds": 10,
        "client.thinkTime.maxSeconds": 30,
        "client.rampUpSeconds": 10,
        "client.durationSeconds": options.minutes * 60,
        "client.logResponses": "false",
        "experiment.expect": "any",
        "experiment.maxFailedRatio": 1,
    }
    return load([], [f"{key}={value}" for key, value in pairs.items()], {})


def events(settings: Settings) -> Iterator[object]:
    """Make an event for each minute but the last, in turn."""
    for number, at in enumerate(range(30, int(settings.client.duration_seconds), EVENT_SECONDS)):
        kind = EVENTS[number % len(EVENTS)]
        plan = settings.experiment.event.model_copy(
            update={"kind": kind, "after_seconds": float(at), "count": 1}
        )
        yield KINDS[kind](plan)


def family(pid: int) -> Iterator[int]:
    """List a process and what descends from it."""
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in children:
        yield from family(int(child))


class Watch:
    """Looks at all processes of the run now and then."""

    def __init__(self) -> None:
        """Start without samples."""
        self.samples: dict[tuple[int, str], Samples] = defaultdict(Samples)
        self._since: dict[int, float] = {}
        self._next = self._told = time.monotonic()

    def show(self, moment: Moment) -> None:
        """Take a sample if it is time, and tell how things stand once a minute."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + SAMPLE_SECONDS
        newest: dict[str, tuple[int, int]] = {}
        for pid in family(os.getpid()):
            try:
                name, pss = _name(pid), _pss(pid)
                files = _files(pid)
            except OSError:  # it has just ended
                continue
            if not pss or name == "reaper":
                continue
            newest[f"{name} {pid}"] = pss, files
            if now - self._since.setdefault(pid, now) >= WARM_SECONDS:
                samples = self.samples[pid, name]
                samples.pss.append(pss)
                samples.files.append(files)
        if now >= self._told:
            self._told = now + 60
            had = ", ".join(
                f"{name.rpartition(' ')[0]} {pss / 2**20:.0f} MB {files} files"
                for name, (pss, files) in newest.items()
            )
            print(f"{moment.answered:,} answered, {moment.failed:,} failed; {had}", flush=True)

    def growth(self) -> Iterator[str]:
        """Say what has grown."""
        for (pid, name), had in self.samples.items():
            if len(had.pss) < LEAST_SAMPLES:
                continue
            third = len(had.pss) // 3
            first, last = (statistics.median(part) for part in (had.pss[:third], had.pss[-third:]))
            if last > first * (1 + MOST_GROWTH) + SPARE_BYTES:
                yield f"{name} {pid} grew from {first / 2**20:.0f} to {last / 2**20:.0f} MB"
            few, many = (
                statistics.median(part) for part in (had.files[:third], had.files[-third:])
            )
            if many > few + SPARE_FILES:
                yield f"{name} {pid} had {few:.0f} files open, and {many:.0f} in the end"


def _name(pid: int) -> str:
    command = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    found = re.search(r"long_lived\.(?:lab\.processes\.)?(\w+)|long-lived-(server)", command)
    return (found[1] or found[2]) if found else "lab"


def _pss(pid: int) -> int:
    """Return the proportional set size in bytes; 0 of a process that has ended."""
    found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)
    return int(found[1]) * 1024 if found else 0


def _files(pid: int) -> int:
    """Count what a process has open, without sockets.

    Connections come and go with the replicas. A client that left some open would soon have more
    than its users need, which its limit does not allow: requests would fail.
    """
    folder, count = f"/proc/{pid}/fd", 0
    for one in os.listdir(folder):
        try:
            count += not os.readlink(f"{folder}/{one}").startswith("socket:")
        except OSError:  # closed meanwhile, as that by which this very folder was listed
            pass
    return count


def wrong(found: Conclusion, planned_users: int) -> Iterator[str]:
    """Say what does not balance."""
    summary, told = found.seen.summary, found.verdict.accounts
    if summary is None:
        yield "the client left no summary"
        return
    requests = summary.requests
    if requests.planned != requests.answered + requests.failed:
        yield f"{requests.planned} planned, {requests.answered} answered, {requests.failed} failed"
    if requests.planned < planned_users:
        yield f"only {requests.planned} requests were sent"
    if told is None:
        yield "no server told its counts"
    elif told.unexplained:
        yield f"the servers' counts and the client's differ by {told.unexplained}"
    yield from found.seen.problems


def told(samples: Mapping[tuple[int, str], Samples]) -> Iterator[str]:
    """Tell the first and the last of each process that lived through most of the run."""
    longest = max((len(had.pss) for had in samples.values()), default=0)
    for (pid, name), had in samples.items():
        if len(had.pss) > longest * 0.8:
            first, last = had.pss[0] / 2**20, had.pss[-1] / 2**20
            files = f"{had.files[0]} and {had.files[-1]} files"
            yield f"{name} {pid}: {first:.0f} MB at first and {last:.0f} in the end, {files}"


def main() -> None:
    """Run, and say whether anything grew."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--users", type=int, default=2000)
    parser.add_argument("--engine", choices=["threads", "gevent", "asyncio"], default="asyncio")
    options = parser.parse_args()
    settings, watch, interrupts = settings_of(options), Watch(), Interrupts()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = run_experiment(
            LocalBackend(settings, folder),
            list(events(settings)),  # type: ignore[arg-type]
            folder,
            watch.show,
            interrupts.stop_signal,
        )
    summary = found.seen.summary
    if summary is not None:
        requests = summary.requests
        print(
            f"{requests.planned:,} planned = {requests.answered:,} answered + "
            f"{requests.failed:,} failed; {len(found.seen.changes)} changes of replicas"
        )
    print("\n".join(told(watch.samples)))
    faults = [*wrong(found, options.users), *watch.growth()]
    if found.seen.stopped_by:
        sys.exit(128 + found.seen.stopped_by)
    if faults:
        sys.exit(f"soak: {'; '.join(faults)}")
    print("soak: nothing grew, and every request is accounted for")


if __name__ == "__main__":
    main()
