"""`make uninstall` removes what Helm leaves, and nothing else."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cluster.miniature import running
from tests.cluster.place import JOB, Place
from tests.waiting import eventually

SMALL = (
    *("server.replicas=1", "server.delay.minSeconds=0", "server.delay.maxSeconds=0.1"),
    *("client.concurrency=5", "client.durationSeconds=300"),
)
FOREIGN = {
    "unlabelled": {},
    "other-release": {
        "app.kubernetes.io/instance": "other",
        "helm.sh/chart": "long-lived-0.1.0",
    },
    "other-chart": {"app.kubernetes.io/instance": "demo", "helm.sh/chart": "long-lives-1.0.0"},
    "no-chart": {"app.kubernetes.io/instance": "demo", "app.kubernetes.io/component": "client"},
}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Yield a cluster whose pods run, with unrelated objects in it."""
    with running(tmp_path, start_delay_seconds=0.1) as (cluster, kubeconfig):
        found = Place(cluster, kubeconfig)
        for name, labels in FOREIGN.items():
            metadata = {"name": name, "namespace": "default", "labels": labels}
            cluster.put({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
        yield found


def uninstall(place: Place) -> str:
    """Run the target, which must succeed, and return its output."""
    virtual = f"VENV={Path(sys.executable).parents[1]}"
    where = ("RELEASE=demo", "NAMESPACE=default", "CONTEXT=")
    status, output = place.run("make", "--no-print-directory", virtual, "uninstall", *where)
    assert status == 0, output
    return output


def test_uninstall_removes_what_a_failed_upgrade_left(place: Place) -> None:
    """The Job of a revision that was never deployed goes, with its pods and its ConfigMap."""
    place.helm("install", sets=SMALL)
    place.only_client()
    sets = [f"--set={pair}" for pair in (*SMALL, "images.server.tag=nowhere")]
    chart = "charts/long-lived"
    failed, _ = place.run("helm", "upgrade", "demo", chart, "--wait", "--timeout=2s", *sets)
    assert failed
    place.helm("upgrade", sets=SMALL)
    place.helm("uninstall")
    eventually(lambda: not place.pods("server"))
    left = f"{JOB}-2"
    assert place.cluster.names("Job") == {left}
    output = uninstall(place)
    assert f'job.batch "{left}" deleted' in output
    assert f'configmap "{left}" deleted' in output
    assert place.cluster.names() == FOREIGN.keys()


def test_uninstall_waits_until_the_pods_are_gone(place: Place) -> None:
    """When it ends no pod is still draining."""
    place.helm("install", sets=SMALL)
    place.only_client()
    assert 'release "demo" uninstalled' in uninstall(place)
    assert place.cluster.names() == FOREIGN.keys()


def test_uninstall_removes_a_test_pod(place: Place) -> None:
    """Helm leaves test pods; the target removes them even after the release has gone."""
    place.helm("install", sets=(*SMALL, "client.enabled=false"))
    labels = {"app.kubernetes.io/instance": "demo", "app.kubernetes.io/component": "test"}
    metadata = {"name": "demo-test", "labels": {**labels, "helm.sh/chart": "long-lived-0.1.0"}}
    container = {"name": "main", "image": "client", "command": ["python", "-c", "pass"]}
    spec = {"restartPolicy": "Never", "containers": [container]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
    place.kubectl("create", "--filename=-", given=json.dumps(pod))
    place.helm("uninstall")
    assert 'pod "demo-test" deleted' in uninstall(place)
    assert place.cluster.names() == FOREIGN.keys()


def test_uninstall_of_nothing_does_nothing(place: Place) -> None:
    """A second run succeeds, and says that there is no such release."""
    assert "deleted" not in uninstall(place)
    assert place.cluster.names() == FOREIGN.keys()
    assert JOB not in str(place.cluster.history)
