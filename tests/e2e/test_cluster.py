"""docs/cluster.md, step by step, in a namespace of its own.

Each step builds on the one before it in this file: after a failure the rest is skipped.
"""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from long_lived.lab.cluster.servers.kill import KILLED, kill_command

from .place import CONTEXT, RELEASE, ROOT, Place, eventually, kubectl, program, run

pytestmark = pytest.mark.e2e
CI_VALUES = sorted((ROOT / "charts" / "long-lived" / "ci").glob("*-values.yaml"))

USERS = 200
"""Virtual users of values/smoke.yaml."""


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """Create a namespace with restricted Pod Security and a quota; delete it at the end."""
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
        # A pod must state whatever the quota counts, and by default has no CPU limit.
        hard = "--hard=requests.cpu=8,requests.memory=8Gi,limits.memory=32Gi"
        quota = kubectl("--namespace", found.namespace, "create", "quota", "all", hard)
        assert quota.returncode == 0, quota.stderr
        yield found
    finally:
        kubectl("delete", "namespace", found.namespace, "--wait=false")


@pytest.fixture(autouse=True)
def step(place: Place, request: pytest.FixtureRequest) -> Iterator[None]:
    """Skip a step if the one before it failed."""
    if place.failed:
        pytest.skip(f"{place.failed} failed")
    place.failed = request.node.name
    yield
    if not getattr(request.node, "broke", False):
        place.failed = ""


def test_install_starts_all_pods(place: Place) -> None:
    """Pod Security and quota admit every pod; `helm test` waits for all servers."""
    place.make(
        "install",
        "VALUES=values/smoke.yaml",
        f"REGISTRY={os.environ.get('REGISTRY', '')}",
        f"TAG={os.environ.get('TAG', '')}",
    )
    place.make("helm-test")
    server = f"deployment/{RELEASE}-long-lived-server"
    done = kubectl("--namespace", place.namespace, "rollout", "status", server, "--timeout=300s")
    assert done.returncode == 0, f"{done.stderr}\n{place.state()}"
    assert len(place.server_pods()) == 3


def test_verify_finds_the_run_even(place: Place) -> None:
    """Every request is answered, by all three pods, within chance of uniform."""
    output = place.make("verify")
    assert f"{USERS} of {USERS}" in output
    assert all(pod in output for pod in place.server_pods())


def test_helm_test_reaches_every_pod(place: Place) -> None:
    """The Service balances over all pods; the test leaves none."""
    place.make("helm-test")
    assert not [name for name in place.names("pods") if name.endswith("-test")]


def test_upgrade_runs_again_and_keeps_the_servers(place: Place) -> None:
    """A changed client is a new Job that replaces the old one; the server pods stay."""
    servers = place.server_pods()
    place.make("upgrade", "SET=client.concurrency=100")
    eventually(
        "only the new Job is there",
        lambda: place.names("jobs") == {f"{RELEASE}-long-lived-client-2"},
    )
    assert place.server_pods() == servers


def test_verify_finds_the_new_run(place: Place) -> None:
    """The verdict is that of the newest Job."""
    assert "100 of 100" in place.make("verify")


def test_changed_server_runs_on_new_pods_alone(place: Place) -> None:
    """The client waits for the new pods; none with the old settings answers a request."""
    before = place.server_pods()
    place.make("upgrade", "SET=server.delay.maxSeconds=4")
    output = place.make("verify")
    assert "100 of 100" in output
    assert not [pod for pod in before if pod in output]
    assert all(pod in output for pod in place.server_pods())


def test_replicas_are_left_to_an_autoscaler(place: Place) -> None:
    """Helm does not undo what somebody else has set, and the client finds all pods."""
    place.make("upgrade", "SET=server.replicas=null client.enabled=false")
    server = f"deployment/{RELEASE}-long-lived-server"
    scaled = kubectl("--namespace", place.namespace, "scale", server, "--replicas=2")
    assert scaled.returncode == 0, scaled.stderr
    eventually("there are two server pods", lambda: len(place.server_pods()) == 2)
    place.make("upgrade", "SET=client.enabled=true client.concurrency=100")
    output = place.make("verify")
    assert "100 of 100" in output
    assert len(place.server_pods()) == 2
    assert all(pod in output for pod in place.server_pods())


def test_restart_pins_kept_connections_to_the_survivor(place: Place) -> None:
    """The lab installs, restarts two of three pods in the middle, and finds what it expects."""
    output = place.make(
        "cluster-run",
        "SCENARIO=events/restart",
        "SET=client.concurrency=150",
        f"REGISTRY={os.environ.get('REGISTRY', '')}",
        f"TAG={os.environ.get('TAG', '')}",
    )
    assert "pinned, as expected" in " ".join(output.split())


def test_kill_loses_what_a_forced_deletion_lets_out(place: Place) -> None:
    """Answers of about a second are lost in flight, and the report makes no excuse."""
    output = place.make(
        "cluster-run",
        "SCENARIO=events/restart",
        "SET=client.concurrency=150 server.delay.minSeconds=0.8 server.delay.maxSeconds=1.2 "
        "experiment.event.kind=kill experiment.maxFailedRatio=1",
        f"REGISTRY={os.environ.get('REGISTRY', '')}",
        f"TAG={os.environ.get('TAG', '')}",
    )
    assert "not killed" not in " ".join(output.split())
    record = json.loads((ROOT / "results" / "latest" / "summary.json").read_text())
    assert record["clients"]["requests"]["failed_by_kind"]["connection_lost"] > 10
    assert record["server_counts"].keys() == place.server_pods()


def test_inspect_sees_who_holds_the_connections(place: Place) -> None:
    """The sockets of every pod are read through kubectl, and are all of the client's Job."""
    place.make("upgrade", "SET=client.durationSeconds=60 experiment.event.kind=none")
    eventually(
        "all connections are held",
        lambda: sum(one["connections"] or 0 for one in place.inspected()["holders"]) == 150,
    )
    found = place.inspected()
    assert {one["name"] for one in found["holders"]} == place.server_pods()
    (job,) = place.names("jobs")
    assert found["clients"] == [{"name": f"job/{job} in {place.namespace}", "connections": 150}]


def test_container_that_restarts_in_place_is_reported(place: Place) -> None:
    """The pod keeps its name, and the report says which restarted when, and why."""
    place.make("upgrade", "SET=client.durationSeconds=60 experiment.event.kind=none")
    victim, before = min(place.server_pods()), place.restarts()
    eventually("the run is under way", lambda: "Response from Pod" in place.client_log())
    where = ("--namespace", place.namespace, "exec", victim, "--container", "server", "--")
    assert KILLED in kubectl(*where, *kill_command(8000)).stderr
    eventually("the container is back", lambda: place.restarts() == before + 1)
    place.make("verify", fails=None)
    record = json.loads((ROOT / "results" / "latest" / "summary.json").read_text())
    assert [(one["old"], one["new"]) for one in record["events"]] == [(victim, victim)]
    assert victim in {one["old"] for one in record["events"] if one["old"] == one["new"]}


def test_pod_without_a_node_makes_the_run_incomplete(place: Place) -> None:
    """The reason is in the scheduler's own words."""
    place.make(
        "upgrade", "SET=clientPod.nodeSelector.nowhere=here client.readiness.timeoutSeconds=20"
    )
    output = " ".join(place.make("verify", fails=True).split())
    assert "verdict incomplete: the run did not begin within" in output
    assert "Unschedulable: 0/" in output


def test_conflict_over_replicas_says_what_to_do(place: Place) -> None:
    """Neither Helm 4 nor the lab overrides whoever scaled the servers."""
    server = f"deployment/{RELEASE}-long-lived-server"
    done = kubectl("--namespace", place.namespace, "scale", server, "--replicas=2")
    assert done.returncode == 0, done.stderr
    if "v3." in run(program("helm"), "version", "--short").stdout:
        pytest.skip("Helm 3 applies on its own side, where nothing conflicts")
    output = " ".join(place.make("cluster-run", "SCENARIO=smoke", fails=True).split())
    assert "Apply failed with 1 conflict" in output
    assert "--force-conflicts" in output
    assert len(place.server_pods()) == 2


def test_uninstall_leaves_nothing(place: Place) -> None:
    """The namespace keeps no object of the release, not even from a failed upgrade."""
    where = ["--namespace", place.namespace, *(["--kube-context", CONTEXT] if CONTEXT else [])]
    broken = ["--reset-then-reuse-values", "--set-string", "images.server.tag=absent"]
    chart = str(ROOT / "charts" / "long-lived")
    failed = run(
        *(program("helm"), "upgrade", RELEASE, chart, *where, *broken, "--wait", "--timeout=10s")
    )
    assert failed.returncode != 0
    place.make("upgrade", "SET=client.concurrency=50")
    assert len(place.names("jobs")) == 2
    place.make("uninstall")
    assert not place.names("pods,jobs")
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
