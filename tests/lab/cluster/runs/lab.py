"""The command `long-lived` on a cluster, and settings for short runs."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from tests.cluster.place import Place

from long_lived.lab.__main__ import cli

LONGEST_SECONDS = 240

QUICK = (
    "server.delay.minSeconds=0.1",
    "server.delay.maxSeconds=0.3",
    "client.thinkTime.minSeconds=0.8",
    "client.thinkTime.maxSeconds=1.2",
    "client.concurrency=60",
    "client.rampUpSeconds=0",
    "experiment.expect=any",  # one spread in a thousand is uneven by chance
)
ALONE = (*QUICK, "server.replicas=1")
"""For what has nothing to do with how connections are spread."""
ENDLESS = (*ALONE, "client.durationSeconds=300")
EVENT = (
    *(*QUICK, "client.concurrency=20", "client.durationSeconds=600"),
    "experiment.event.afterSeconds=2",
)
"""Whoever waits for the event ends the run; nobody asks how connections are spread."""


@contextmanager
def handlers_kept() -> Iterator[None]:
    """Restore the signal handlers that the command replaces, as the last thing that it does."""
    before = {
        number: signal.getsignal(number)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Lab:
    """The command `long-lived` on that cluster, with a folder for its results."""

    def __init__(self, place: Place, folder: Path) -> None:
        self._environment = place.environment
        self.out = folder / "results"

    def do(
        self,
        *arguments: str,
        namespace: str = "default",
        release: str = "demo",
        **variables: str,
    ) -> tuple[int, str]:
        """Run the command to its end; return its exit status, and its output as one line."""
        with handlers_kept():
            done = CliRunner(env={**self._environment, **variables}).invoke(
                cli, _line(arguments, namespace, release), catch_exceptions=False
            )
        return done.exit_code, " ".join(done.output.split())

    def begin(self, *arguments: str, namespace: str = "default") -> subprocess.Popen[str]:
        """Start the command in a process of its own, which can get signals."""
        return subprocess.Popen(
            [sys.executable, "-m", "long_lived.lab", *_line(arguments, namespace)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self._environment,
        )

    def interrupt(self, process: subprocess.Popen[str]) -> str:
        """End the run as Ctrl-C does; return its output as one line."""
        process.send_signal(signal.SIGINT)
        status, output = self.end(process)
        assert status == 130, output
        return output

    def end(self, process: subprocess.Popen[str]) -> tuple[int, str]:
        """Wait for it to end; return its exit status, and its output as one line."""
        output, _ = process.communicate(timeout=LONGEST_SECONDS)
        return process.returncode, " ".join(output.split())

    def verify(self) -> tuple[int, str]:
        """Run `verify`."""
        return self.do("verify", "--out", str(self.out))

    @property
    def record(self) -> dict[str, Any]:
        """Return summary.json of the newest results folder."""
        found: dict[str, Any] = json.loads((self.out / "latest" / "summary.json").read_text())
        return found


def _line(arguments: tuple[str, ...], namespace: str, release: str = "demo") -> list[str]:
    of_a_release = "--from-log" not in arguments
    where = ["--release", release, "--namespace", namespace] if of_a_release else []
    return [*arguments, *where]


def sets(*pairs: str) -> list[str]:
    """Turn settings into flags."""
    return [part for pair in pairs for part in ("--set", pair)]
