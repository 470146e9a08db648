"""A client Job against a Service that is not the release's, and a rollout of what is behind it."""

from tests.chart.conftest import CHART
from tests.cluster.place import Place
from tests.lab.cluster.runs.lab import QUICK, Lab, sets

URL = "http://shop-long-lived-server/"


def test_service_of_others_is_loaded_and_rolled_out(place: Place, lab: Lab) -> None:
    """The release is the client alone, and answers say who gave them; the rollout is ordered."""
    shop = (*QUICK[:2], "client.enabled=false", "server.runtime=gunicorn")
    status, output = place.run("helm", "install", "shop", str(CHART), *sets(*shop))
    assert status == 0, output
    place.kubectl("rollout", "status", "deployment/shop-long-lived-server", "--timeout=60s")
    status, output = lab.do(
        *("run", "--on", "cluster", "--out", str(lab.out), "--url", URL, "--yes"),
        *("--identity", "json:pod", "--event", "rollout"),
        *("--target", "deploy/shop-long-lived-server"),
        *sets(*QUICK[2:], "client.durationSeconds=8", "experiment.event.afterSeconds=2"),
    )
    assert status == 0, output
    assert "about to replace all 3 pods of deployment/shop-long-lived-server" in output
    assert f"against {URL}, identity json:pod" in output
    record = lab.record
    # Those that are replaced and, where that is quick enough, those that come.
    assert 3 <= len(record["clients"]["pods"]) <= 6
    assert record["server_counts"] == {}
    assert "restartedAt" in place.kubectl("get", "deployment", "--output", "json")
    assert place.kubectl("get", "deployments", "--output", "name").split() == [
        "deployment.apps/shop-long-lived-server"
    ]


def test_workload_that_is_not_there_is_refused(place: Place, lab: Lab) -> None:
    """Nothing is installed where the target of the event cannot be found."""
    event = ("--event", "rollout", "--target", "deploy/shop")
    status, output = lab.do("run", "--on", "cluster", "--url", URL, "--yes", *event)
    assert status == 2
    assert "--target deploy/shop: " in output
    assert "not found" in output
    assert not place.pods("client")
