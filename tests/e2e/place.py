"""A namespace on a real cluster, and the commands that act on it."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
RELEASE = "e2e"
CONTEXT = os.environ.get("CONTEXT", "")


def run(*arguments: str, seconds: float = 600) -> subprocess.CompletedProcess[str]:
    """Run a command in the project's folder."""
    return subprocess.run(
        arguments, cwd=ROOT, capture_output=True, text=True, timeout=seconds, check=False
    )


def program(name: str) -> str:
    """Return the path of a tool."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:{Path(sys.executable).parent}")
    if not found:
        pytest.skip(f"{name} is neither on PATH nor in the virtual environment: run make helm")
    return found


def kubectl(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run kubectl on the same context as make."""
    where = ["--context", CONTEXT] if CONTEXT else []
    return run(program("kubectl"), *where, *arguments)


class Place:
    """A namespace, and the make targets in it."""

    def __init__(self, namespace: str) -> None:
        """Name the namespace, which the fixture creates."""
        self.namespace = namespace
        self.failed = ""

    def make(self, target: str, *variables: str, fails: bool | None = False) -> str:
        """Run a target and return its output; it `fails`, does not, or (None) may."""
        where = [f"RELEASE={RELEASE}", f"NAMESPACE={self.namespace}", f"CONTEXT={CONTEXT}"]
        done = run("make", "--no-print-directory", target, *where, *variables)
        output = f"{done.stdout}{done.stderr}"
        assert fails in (None, bool(done.returncode)), f"make {target}: {output}\n{self.state()}"
        return output

    def inspected(self) -> dict[str, Any]:
        """Return what `long-lived inspect` says of the server's Service."""
        where = ["--namespace", self.namespace, *(["--context", CONTEXT] if CONTEXT else [])]
        service = f"service/{RELEASE}-long-lived-server"
        looks = ("--seconds", "1", "--format", "json")
        done = run(program("long-lived"), "inspect", service, *where, *looks)
        assert done.returncode in (0, 1), f"{done.stderr}\n{self.state()}"
        return dict(json.loads(done.stdout))

    def client_log(self) -> str:
        """Return the end of the newest client's log."""
        job = max(self.items("jobs"), key=lambda item: item["metadata"]["creationTimestamp"])
        name = f"job/{job['metadata']['name']}"
        where = ("--namespace", self.namespace, "logs", "--container=client", "--tail=5")
        return kubectl(*where, name).stdout

    def restarts(self) -> int:
        """Return how often the server pods' containers restarted, all together."""
        return sum(
            status["restartCount"]
            for item in self.items("pods")
            if item["metadata"]["name"] in self.server_pods()
            for status in item["status"]["containerStatuses"]
        )

    def items(self, kinds: str) -> list[dict[str, Any]]:
        """Return the objects of these kinds."""
        done = kubectl("--namespace", self.namespace, "get", kinds, "--output", "json")
        assert done.returncode == 0, done.stderr
        return list(json.loads(done.stdout)["items"])

    def names(self, kinds: str) -> set[str]:
        """Return the names of the objects of these kinds."""
        return {item["metadata"]["name"] for item in self.items(kinds)}

    def server_pods(self) -> set[str]:
        """Return the names of the server's pods that are not being deleted."""
        return {
            item["metadata"]["name"]
            for item in self.items("pods")
            if item["metadata"]["labels"].get("app.kubernetes.io/component") == "server"
            and "deletionTimestamp" not in item["metadata"]
        }

    def state(self) -> str:
        """Describe what there is, for the report of a failure."""
        parts = [
            kubectl("--namespace", self.namespace, *arguments).stdout
            for arguments in (
                ("get", "all", "--output", "wide"),
                ("get", "events", "--sort-by", ".lastTimestamp"),
                ("logs", "--selector", f"app.kubernetes.io/instance={RELEASE}", "--tail=20"),
            )
        ]
        return "\n".join(parts)


def eventually(statement: str, holds: Any, seconds: float = 180) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {statement}"
        time.sleep(1)
