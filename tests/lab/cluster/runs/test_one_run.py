"""Runs of two clients on a cluster, and what `verify` says about them."""

from tests.cluster.place import JOB, Place
from tests.lab.cluster.runs.lab import QUICK, Lab


def test_each_upgrade_is_a_run_of_its_own_and_can_be_verified(place: Place, lab: Lab) -> None:
    """`verify` waits for the newest run, merges its clients, asks its servers, and judges it."""
    of_two = ("client.parallelism=2", "client.requestsPerUser=3", "server.port=8080")
    place.helm("install", sets=(*QUICK, *of_two))
    status, output = lab.verify()
    assert status == 0, output
    assert "360 of 360 planned were answered" in output
    assert "verdict even: the connections opened are within chance of uniform" in output
    assert f"{JOB}-1" in output
    first, servers = lab.record, place.pods("server").keys()
    assert set(first["replicas"]) == servers
    assert first["clients"]["clients"] == 2
    assert {name: one["answered"] for name, one in first["server_counts"].items()} == {
        name: first["clients"]["pods"][name]["requests"] for name in servers
    }
    logs = list((lab.out / "latest").glob(f"{JOB}-1-*.log"))
    assert len(logs) == 2
    lines = "".join(log.read_text() for log in logs)
    assert lines.count("Response from Pod ") == 360
    assert "concurrency: 60" in (lab.out / "latest" / "values.yaml").read_text()

    # A run can be judged as long as its pods exist.
    place.await_job(1)
    assert lab.verify()[0] == 0
    assert lab.record["clients"]["requests"] == first["clients"]["requests"]
    assert len(list(lab.out.glob("2*"))) == 2

    # The chart's values alone lead the next client to the headless Service, and to the new pods.
    changed = ("server.runtime=gunicorn", "client.balancing=headless", "client.concurrency=45")
    place.helm("upgrade", "--reset-then-reuse-values", sets=changed)
    status, output = lab.verify()
    assert status == 0, output
    assert f"{JOB}-2" in output
    assert "270 of 270 planned were answered" in output
    pods = lab.record["clients"]["pods"]
    assert not servers & pods.keys()
    assert pods.keys() == set(lab.record["replicas"]) == place.pods("server").keys()
    assert {pod["connections_opened"] for pod in pods.values()} == {30}
