"""The command `long-lived` on a cluster, and settings for short runs."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.cluster.place import Place

LONGEST_SECONDS = 240

QUICK = (
    "server.delay.minSeconds=0.1",
    "server.delay.maxSeconds=0.3",
    "client.thinkTime.minSeconds=0.3",
    "client.thinkTime.maxSeconds=0.7",
    "client.concurrency=60",
    "client.rampUpSeconds=0",
    "experiment.expect=any",  # one spread in a thousand is uneven by chance
)
ENDLESS = (*QUICK, "client.durationSeconds=300")
RESTART = (*QUICK, "client.durationSeconds=25", "experiment.event.afterSeconds=4")
"""Time enough for replacements to become ready on a busy machine."""
PINNED = "experiment.expect=pinned"


class Lab:
    """The command `long-lived` on that cluster, with a folder for its results."""

    def __init__(self, place: Place, folder: Path) -> None:
        self._environment = place.environment
        self.out = folder / "results"

    def begin(
        self, *arguments: str, namespace: str = "default", **variables: str
    ) -> subprocess.Popen[str]:
        """Start the command."""
        of_a_release = "--from-log" not in arguments
        where = ["--release", "demo", "--namespace", namespace] if of_a_release else []
        return subprocess.Popen(
            [sys.executable, "-m", "long_lived.lab", *arguments, *where],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**self._environment, **variables},
        )

    def end(self, process: subprocess.Popen[str]) -> tuple[int, str]:
        """Wait for it to end; return its exit status, and its output joined into one line."""
        output, _ = process.communicate(timeout=LONGEST_SECONDS)
        return process.returncode, " ".join(output.split())

    def do(self, *arguments: str, **options: Any) -> tuple[int, str]:
        """Run the command to its end."""
        return self.end(self.begin(*arguments, **options))

    def verify(self) -> tuple[int, str]:
        """Run `verify`."""
        return self.do("verify", "--out", str(self.out))

    def verify_until(self, text: str) -> subprocess.Popen[str]:
        """Start `verify`, and wait for a line with `text`, or for its end."""
        process = self.begin("verify", "--out", str(self.out))
        assert process.stdout is not None
        for line in process.stdout:
            if text in line:
                break
        return process

    @property
    def record(self) -> dict[str, Any]:
        """Return summary.json of the newest results folder."""
        found: dict[str, Any] = json.loads((self.out / "latest" / "summary.json").read_text())
        return found


def sets(*pairs: str) -> list[str]:
    """Turn settings into flags."""
    return [part for pair in pairs for part in ("--set", pair)]
