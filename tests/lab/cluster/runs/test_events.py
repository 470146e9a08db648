"""An event that changes the Deployment, through the real kubectl."""

from tests.cluster.place import SERVER, Place
from tests.lab.cluster.runs.lab import EVENT, Lab, sets


def test_deployment_is_scaled_and_scaled_back(place: Place, lab: Lab) -> None:
    """Pods come and are counted, and the Deployment ends as the chart made it."""
    watching = lab.begin(
        *("run", "smoke", "--on", "cluster", "--out", str(lab.out)),
        *sets(*EVENT, "server.runtime=gunicorn", "experiment.event.kind=scale-up"),
    )
    place.await_answers()
    place.await_servers(5)
    place.await_look()
    output = lab.interrupt(watching)
    moves = [(one["old"] is not None, one["new"] is not None) for one in lab.record["events"]]
    assert moves == [(False, True)] * 2
    assert lab.record["effect"]["kind"] == "scale-up"
    assert lab.record["server_counts"].keys() == set(lab.record["replicas"])
    assert len(lab.record["replicas"]) == 5
    assert "the lab scaled the Deployment from 3 to 5 (kubectl scale), and back" in output
    assert place.cluster.get("Deployment", SERVER)["spec"]["replicas"] == 3
