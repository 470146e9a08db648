"""The README's section "On a cluster", step by step, in a namespace of its own.

The steps build on each other, in the order of this file: after a failed one the rest is skipped.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
CI_VALUES = sorted((ROOT / "charts" / "long-lived" / "ci").glob("*-values.yaml"))
RELEASE = "e2e"
CONTEXT = os.environ.get("CONTEXT", "")
USERS = 200
"""Virtual users of values/smoke.yaml."""


def run(*arguments: str, seconds: float = 600) -> subprocess.CompletedProcess[str]:
    """Run a command in the project's folder."""
    return subprocess.run(
        arguments, cwd=ROOT, capture_output=True, text=True, timeout=seconds, check=False
    )


def kubectl(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run kubectl on the context that make is told to use."""
    path = f"{os.environ['PATH']}:{Path(sys.executable).parent}"
    program = shutil.which("kubectl", path=path)
    if not program:
        pytest.skip("kubectl is neither on PATH nor in the virtual environment: run make helm")
    where = ["--context", CONTEXT] if CONTEXT else []
    return run(program, *where, *arguments)


class Place:
    """A namespace, and the make targets in it."""

    def __init__(self, namespace: str) -> None:
        """Name the namespace; it is made by the fixture."""
        self.namespace = namespace
        self.failed = ""

    def make(self, target: str, *variables: str) -> str:
        """Run a target, which must succeed, and return what it printed."""
        where = [f"RELEASE={RELEASE}", f"NAMESPACE={self.namespace}", f"CONTEXT={CONTEXT}"]
        done = run("make", "--no-print-directory", target, *where, *variables)
        output = f"{done.stdout}{done.stderr}"
        assert done.returncode == 0, f"make {target}: {output}\n{self.state()}"
        return output

    def items(self, kinds: str) -> list[dict[str, Any]]:
        """Return the objects of these kinds."""
        done = kubectl("--namespace", self.namespace, "get", kinds, "--output", "json")
        assert done.returncode == 0, done.stderr
        return list(json.loads(done.stdout)["items"])

    def names(self, kinds: str) -> set[str]:
        """Return the names of the objects of these kinds."""
        return {item["metadata"]["name"] for item in self.items(kinds)}

    def server_pods(self) -> set[str]:
        """Return the names of the server's pods that are not on their way out."""
        return {
            item["metadata"]["name"]
            for item in self.items("pods")
            if item["metadata"]["labels"].get("app.kubernetes.io/component") == "server"
            and "deletionTimestamp" not in item["metadata"]
        }

    def state(self) -> str:
        """Say what there is, for the report of a failure."""
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


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """Make a namespace that enforces restricted Pod Security, and take it away at the end."""
    answer = kubectl("version", "--request-timeout=5s")
    if answer.returncode != 0:
        reason = f"no cluster answers: {answer.stderr.strip().splitlines()[-1]}"
        if os.environ.get("E2E_REQUIRED"):
            pytest.fail(reason)
        pytest.skip(reason)
    found = Place(f"long-lived-e2e-{time.strftime('%Y%m%d-%H%M%S')}")
    made = kubectl("create", "namespace", found.namespace)
    assert made.returncode == 0, made.stderr
    try:
        level = "pod-security.kubernetes.io/enforce=restricted"
        labelled = kubectl("label", "namespace", found.namespace, level)
        assert labelled.returncode == 0, labelled.stderr
        yield found
    finally:
        kubectl("delete", "namespace", found.namespace, "--wait=false")


@pytest.fixture(autouse=True)
def step(place: Place, request: pytest.FixtureRequest) -> Iterator[None]:
    """Skip a step whose predecessor failed."""
    if place.failed:
        pytest.skip(f"{place.failed} failed")
    place.failed = request.node.name
    yield
    if not getattr(request.node, "broke", False):
        place.failed = ""


def test_install_starts_all_pods(place: Place) -> None:
    """Restricted Pod Security lets every pod in, and the servers become ready."""
    place.make(
        "install",
        "VALUES=values/smoke.yaml",
        f"REGISTRY={os.environ.get('REGISTRY', '')}",
        f"TAG={os.environ.get('TAG', '')}",
    )
    server = f"deployment/{RELEASE}-long-lived-server"
    done = kubectl("--namespace", place.namespace, "rollout", "status", server, "--timeout=300s")
    assert done.returncode == 0, f"{done.stderr}\n{place.state()}"
    assert len(place.server_pods()) == 3


def test_verify_finds_the_run_even(place: Place) -> None:
    """Every request is answered, by all three pods, within chance of evenly."""
    output = place.make("verify")
    assert f"{USERS} of {USERS}" in output
    assert all(pod in output for pod in place.server_pods())


def test_helm_test_reaches_every_pod(place: Place) -> None:
    """The Service balances over all of them; the test leaves no pod."""
    place.make("helm-test")
    assert not [name for name in place.names("pods") if name.endswith("-test")]


def test_upgrade_runs_again_and_keeps_the_servers(place: Place) -> None:
    """A changed client is a new Job in place of the old one; the server pods stay."""
    servers = place.server_pods()
    place.make("upgrade", "SET=client.concurrency=100")
    eventually(
        "only the new Job is there",
        lambda: place.names("jobs") == {f"{RELEASE}-long-lived-client-2"},
    )
    assert place.server_pods() == servers


def test_verify_finds_the_new_run(place: Place) -> None:
    """The verdict is of the newest Job, not of the one before."""
    assert "100 of 100" in place.make("verify")


def test_changed_server_runs_on_new_pods_alone(place: Place) -> None:
    """The client waits for the new pods; no pod with the old settings answers a request."""
    before = place.server_pods()
    place.make("upgrade", "SET=server.delay.maxSeconds=4")
    output = place.make("verify")
    assert "100 of 100" in output
    assert not [pod for pod in before if pod in output]
    assert all(pod in output for pod in place.server_pods())


def test_restart_pins_kept_connections_to_the_survivor(place: Place) -> None:
    """The lab installs, restarts two of three pods in the middle, and finds what it expects."""
    output = place.make(
        "cluster-run",
        "SCENARIO=restart-gunicorn",
        "SET=client.concurrency=150",
        f"REGISTRY={os.environ.get('REGISTRY', '')}",
        f"TAG={os.environ.get('TAG', '')}",
    )
    assert "pinned, as expected" in " ".join(output.split())


def test_uninstall_leaves_nothing(place: Place) -> None:
    """No object of the release stays in the namespace."""
    place.make("uninstall")
    kinds = "all,configmaps,secrets,poddisruptionbudgets,endpointslices"
    eventually("the namespace is empty", lambda: place.names(kinds) <= {"kube-root-ca.crt"})


@pytest.mark.parametrize("file", CI_VALUES, ids=lambda file: file.stem)
def test_values_of_the_chart_testing_tool_work(place: Place, file: Path) -> None:
    """Each of the chart's ci/*-values.yaml installs, passes `helm test`, and goes."""
    images = (f"REGISTRY={os.environ.get('REGISTRY', '')}", f"TAG={os.environ.get('TAG', '')}")
    place.make("install", f"VALUES={file}", *images)
    server = f"deployment/{RELEASE}-long-lived-server"
    done = kubectl("--namespace", place.namespace, "rollout", "status", server, "--timeout=300s")
    assert done.returncode == 0, f"{done.stderr}\n{place.state()}"
    place.make("helm-test")
    place.make("uninstall")
    eventually("the pods are gone", lambda: not place.names("pods"))
