"""The lab as a dependency of another chart: `verify` finds it by its labels."""

from pathlib import Path

from tests.chart.umbrella import umbrella
from tests.cluster.place import Place
from tests.lab.cluster.runs.lab import Lab, sets

QUICK = {
    "server.replicas": "2",
    "server.delay.minSeconds": "0.1",
    "server.delay.maxSeconds": "0.3",
    "client.concurrency": "40",
    "client.rampUpSeconds": "0",
    "experiment.expect": "any",  # one spread in a thousand is uneven by chance
}
OTHERS_DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {
        "name": "other",
        "namespace": "default",
        "labels": {
            "app.kubernetes.io/name": "other",
            "app.kubernetes.io/instance": "demo",
            "app.kubernetes.io/component": "server",
        },
    },
    "spec": {
        "replicas": 0,
        "selector": {"matchLabels": {"app": "other"}},
        "template": {"metadata": {"labels": {"app": "other"}}, "spec": {"containers": []}},
    },
}


def test_only_lab_of_a_release_needs_no_name(place: Place, lab: Lab, tmp_path: Path) -> None:
    """Another chart's server in the release is not taken for the lab's."""
    chart = umbrella(tmp_path / "umbrella", ["loadTest"])
    pairs = sets(*(f"loadTest.{key}={value}" for key, value in QUICK.items()))
    status, output = place.run("helm", "install", "demo", str(chart), *pairs)
    assert status == 0, output
    place.cluster.put(OTHERS_DEPLOYMENT)
    status, output = lab.verify()
    assert status == 0, output
    assert "40 of 40" in output
    assert set(lab.record["replicas"]) == set(place.pods("server"))
