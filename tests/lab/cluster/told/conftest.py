"""The command `long-lived` in the test's process, on a cluster of which kubectl only tells."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.lab.cluster.runs.lab import handlers_kept
from tests.lab.cluster.told.kubectl import NAMESPACE, Told

from long_lived.lab.__main__ import cli
from long_lived.lab.cluster import backend
from long_lived.lab.cluster.tools import kubectl
from long_lived.lab.experiment import course


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Told:
    """Put an empty cluster in the place of kubectl."""
    made = Told(tmp_path / "kubectl")
    monkeypatch.setattr(kubectl, "call", made.call)
    monkeypatch.setattr(kubectl, "program", lambda _: str(made.program))
    monkeypatch.setattr(backend, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(course, "TICK_SECONDS", 0.01)
    return made


class Lab:
    """The command, and what it leaves."""

    def __init__(self, out: Path) -> None:
        self.out = out

    def do(self, *arguments: str) -> tuple[int, str]:
        """Run the command to its end; return its exit status, and its output as one line."""
        command, *options = arguments
        line = [command, "--release", "demo", "--namespace", NAMESPACE, *options]
        done = CliRunner().invoke(cli, line, catch_exceptions=False)
        return done.exit_code, " ".join(done.output.split())

    def verify(self, *arguments: str) -> tuple[int, str]:
        """Run `verify` on the release."""
        return self.do("verify", "--out", str(self.out), *arguments)

    def kept(self, pod: str) -> str:
        """Return what is kept of a pod's log so far."""
        return "".join(log.read_text() for log in self.out.glob(f"latest/{pod}.log"))

    @property
    def record(self) -> dict[str, Any]:
        """Return summary.json of the newest results folder."""
        found: dict[str, Any] = json.loads((self.out / "latest" / "summary.json").read_text())
        return found


@pytest.fixture
def lab(told: Told, tmp_path: Path) -> Iterator[Lab]:
    """Return the command."""
    with handlers_kept():
        yield Lab(tmp_path / "results")
