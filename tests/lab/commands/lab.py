"""A lab on this machine, with real replicas and clients, and the results that it leaves."""

import itertools
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.waiting import eventually

BOUND_SECONDS = 240
"""Longest wait for anything; reached only where something is broken."""

QUICK = (
    "server.delay.minSeconds=0.1",
    "server.delay.maxSeconds=0.3",
    "client.thinkTime.minSeconds=1",
    "client.thinkTime.maxSeconds=3",
    "client.rampUpSeconds=0.5",
    "client.concurrency=240",
)
"""Enough users for a verdict, at 110 requests a second: they are what most of a run costs."""
FEW = (*QUICK, "client.concurrency=40", "server.replicas=1", "experiment.expect=any")
"""For what has nothing to do with how connections are spread."""
LASTING = "client.durationSeconds=900"
"""Longer than any test: what the test does ends the run."""

RESTART = (
    *("experiment.event.kind=restart", "experiment.event.afterSeconds=2"),
    "experiment.event.replacementSeconds=2",
)

SMOKE = ("server.delay.minSeconds=0.2", "server.delay.maxSeconds=0.6")


def processes_of(folder: Path) -> dict[int, str]:
    """Find all processes whose command line or standard output lies in `folder`."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            output = os.readlink(entry / "fd" / "1")
            zombie = (entry / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except OSError:
            continue
        if (str(folder) in command or output.startswith(str(folder))) and not zombie:
            found[int(entry.name)] = command
    return found


@dataclass
class Lab:
    """A lab in a process of its own; everything it leaves lies below one folder."""

    process: subprocess.Popen[bytes]
    place: Path

    @property
    def out(self) -> Path:
        """Return the folder that holds the results folders."""
        return self.place / "results"

    @property
    def folder(self) -> Path:
        """Return the results folder of the run."""
        return (self.out / "latest").resolve()

    @property
    def printed(self) -> str:
        """Return its standard output so far."""
        return (self.place / "stdout").read_text(encoding="utf-8")

    @property
    def errors(self) -> str:
        """Return its standard error so far."""
        return (self.place / "stderr").read_text(encoding="utf-8")

    @property
    def record(self) -> dict[str, Any]:
        """Return summary.json."""
        return json.loads((self.folder / "summary.json").read_text(encoding="utf-8"))

    def finish(self) -> int:
        """Block until it has ended; return its exit status."""
        status = self.process.wait(BOUND_SECONDS)
        assert "Traceback" not in self.errors + self.printed, self.errors
        return status

    def log(self, name: str = "client-1") -> str:
        """Return what a client or a replica has logged so far, which may be nothing."""
        file = self.folder / f"{name}.log"
        return file.read_text(encoding="utf-8") if file.exists() else ""

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """End the run by a signal, and check that it left its account and no process."""
        self.process.send_signal(number)
        assert self.finish() == 128 + number, self.printed
        assert processes_of(self.place) == {}

    def pid(self, part: str) -> int | None:
        """Return the id of the process whose command line contains `part`.

        It leads its group: its workers have the same command line, and lower ids after the kernel
        has come to the end of its numbers.
        """
        for pid, line in processes_of(self.place).items():
            with suppress(ProcessLookupError):
                if part in line and os.getpgid(pid) == pid:
                    return pid
        return None

    def await_answers(self, count: int = 20, client: str = "client-1") -> None:
        """Wait until a client has logged this many more answers."""

        def answers() -> int:
            return self.log(client).count("Response from Pod ")

        wanted = answers() + count

        def there() -> bool:
            assert self.process.poll() is None, self.errors
            return answers() >= wanted

        eventually(there)

    def port(self) -> int:
        """Return the port that the replicas share, while a client runs."""
        return int(eventually(lambda: self._port()))

    def _port(self) -> str | None:
        lines = "\n".join(processes_of(self.place).values())
        found = re.search(r"client\.url=http://127\.0\.0\.1:(\d+)/", lines)
        return found[1] if found else None

    def check_account(self) -> dict[str, Any]:
        """Assert what must be true of every summary, and return the clients' own."""
        clients = self.record["clients"]
        requests, pods = clients["requests"], clients["pods"]
        assert requests["planned"] == requests["answered"] + requests["failed"]
        assert requests["failed"] == sum(requests["failed_by_kind"].values())
        assert requests["answered"] == sum(pod["requests"] for pod in pods.values())
        return clients


def check_phases(record: dict[str, Any]) -> None:
    """Assert that every answer, failure and connection of the summary is in exactly one phase."""
    clients, phases = record["clients"], record["effect"]["phases"]
    rows = [row for phase in phases for row in phase["rows"]]
    assert sum(row["answered"] for row in rows) == clients["requests"]["answered"]
    failed = sum(sum(on.values()) for phase in phases for on in phase["failures"].values())
    assert failed == clients["requests"]["failed"]
    for name, pod in clients["pods"].items():
        own = [row for row in rows if row["replica"] == name]
        assert sum(row["answered"] for row in own) == pod["requests"]
        assert sum(row["opened"] for row in own) == pod["connections_opened"]
    for phase, following in itertools.pairwise(phases):
        assert phase["end_seconds"] == following["start_seconds"]
    assert {row["replica"] for row in rows} - {""} == {
        *record["replicas"],
        *record["effect"]["came"],
    }


AFTER_SECONDS = 6.0
"""How long a load has to go on after its event for a verdict."""


def settled_seconds(record: dict[str, Any]) -> float:
    """Return how long the load of a summary went on after its event, 0 if that was not over."""
    last = record["effect"]["phases"][-1] if record["effect"] else {}
    return last["end_seconds"] - last["start_seconds"] if last.get("name") == "after" else 0.0


def long_enough(begin: Callable[[float], Lab], seconds: float, after: float = AFTER_SECONDS) -> Lab:
    """Return a finished run, whose load goes on for `seconds`, with so many after its event.

    Where the machine was too slow for that, or for enough to judge in that time, `begin` is called
    again, with a load three times as long.
    """
    for _ in range(3):
        lab = begin(seconds)
        lab.finish()
        judged = lab.record["verdict"]["finding"] != "too few"
        if judged and settled_seconds(lab.record) >= after:
            break
        seconds *= 3
    return lab


def clean_environment() -> dict[str, str]:
    """Return this process's environment without settings."""
    return {name: value for name, value in os.environ.items() if "LONG_LIVED__" not in name}


def finished(command: Sequence[str | Path], **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, with no settings in its environment; `options` as for Popen."""
    return subprocess.run(
        command,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=BOUND_SECONDS,
        check=False,
        **options,
    )


def arguments_of(settings: tuple[str, ...]) -> list[str]:
    """Turn settings into flags."""
    return [argument for setting in settings for argument in ("--set", setting)]


Start = Callable[..., Lab]


@contextmanager
def starter(parent: Path) -> Iterator[Start]:
    """Start labs, and end whatever they leave."""
    started: list[Lab] = []
    numbers = itertools.count()

    def start(
        scenario: str,
        *settings: str,
        stdout: int | None = None,
        command: Sequence[str] = ("run",),
        program: Sequence[str] = ("-m", "long_lived.lab"),
    ) -> Lab:
        place = parent / f"lab-{next(numbers)}"
        place.mkdir()
        command = [*command, scenario, "--out", str(place / "results"), *arguments_of(settings)]
        with (place / "stdout").open("wb") as out, (place / "stderr").open("wb") as errors:
            process = subprocess.Popen(
                [sys.executable, *program, *command],
                env=clean_environment(),
                stdin=subprocess.DEVNULL,
                stdout=stdout or out,
                stderr=errors,
                start_new_session=True,
            )
        started.append(Lab(process, place))
        return started[-1]

    try:
        yield start
    finally:
        for lab in started:
            for pid in processes_of(lab.place):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            lab.process.wait(BOUND_SECONDS)
