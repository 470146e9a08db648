"""Server and client programs: how they start, what they print, and what they leave."""

import json
import os
import signal
import subprocess
import urllib.request
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.waiting import eventually

BOUND_SECONDS = 120
"""Longest wait for anything; reached only where something is broken."""

ENGINES = pytest.mark.parametrize("engine", ["threads", "gevent", "asyncio"])
BOTH = pytest.mark.parametrize("engine", ["threads", "asyncio"])
"""For what an engine does on its connections: gevent does that with the code of threads, and only
waits and ends in its own way."""

QUICK = (
    "client.rampUpSeconds=0",
    "client.thinkTime.minSeconds=0",
    "client.thinkTime.maxSeconds=0.02",
)


def clean_environment(**variables: str) -> dict[str, str]:
    """Return this process's environment without settings, plus `variables`."""
    kept = {name: value for name, value in os.environ.items() if "LONG_LIVED__" not in name}
    return kept | variables


def with_settings(settings: tuple[str, ...]) -> list[str]:
    """Turn settings into flags."""
    return [argument for setting in settings for argument in ("--set", setting)]


@dataclass
class RunningServer:
    """A real server process."""

    process: subprocess.Popen[bytes]
    url: str

    def stats(self) -> dict[str, Any]:
        """Return its own counts."""
        with urllib.request.urlopen(f"{self.url}stats", timeout=BOUND_SECONDS) as answer:
            return json.load(answer)


@dataclass
class FinishedRun:
    """What a client left when it ended."""

    status: int
    lines: list[str]
    errors: str

    @property
    def summary(self) -> dict[str, Any]:
        """Return the summary, which is the last line."""
        return json.loads(self.lines[-1])

    @property
    def answers(self) -> list[str]:
        """Return the lines of answered requests."""
        return [line for line in self.lines if line.startswith("Response from Pod ")]

    @property
    def failures(self) -> list[str]:
        """Return the lines of failed requests."""
        return [line for line in self.lines if line.startswith("Request failed: ")]

    def check_account(self) -> None:
        """Check what must be true of every summary, also against the lines above it."""
        assert "Traceback" not in self.errors, self.errors
        requests, pods = self.summary["requests"], self.summary["pods"]
        assert requests["planned"] == requests["answered"] + requests["failed"]
        assert requests["failed"] == sum(requests["failed_by_kind"].values())
        assert requests["answered"] == sum(pod["requests"] for pod in pods.values())
        assert requests["answered"] == self.summary["service_seconds"]["count"]
        if self.summary["settings"]["client"]["logResponses"]:
            assert len(self.answers) == requests["answered"]
            logged = Counter(line.split()[2] for line in self.failures)
            told = Counter(requests["failed_by_kind"]) - Counter(
                not_sent=requests["failed_by_kind"].get("not_sent", 0)
            )
            assert logged == told


class RunningClient:
    """A real client process."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self.process = process
        self._out, self._errors = folder / "out", folder / "errors"

    @property
    def output(self) -> str:
        """Return its standard output so far."""
        return self._out.read_text()

    @property
    def errors(self) -> str:
        """Return its standard error so far."""
        return self._errors.read_text()

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def goes_on(self, answers: int = 5) -> None:
        """Block until it has got more answers than these, from now on."""
        answered = self.output.count("Response from Pod")
        eventually(lambda: self.output.count("Response from Pod") > answered + answers)

    def stop(self) -> FinishedRun:
        """Stop it by SIGTERM, and block until it has ended with its account."""
        self.signal(signal.SIGTERM)
        run = self.finish()
        assert run.status == 128 + signal.SIGTERM
        run.check_account()
        return run

    def finish(self) -> FinishedRun:
        """Block until it has ended."""
        status = self.process.wait(BOUND_SECONDS)
        return FinishedRun(status, self.output.splitlines(), self.errors)


StartServer = Callable[..., RunningServer]
StartClient = Callable[..., RunningClient]
RunClient = Callable[..., FinishedRun]
