"""One run of two clients on a cluster, and the next: everything that `verify` says about them."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from tests.cluster.miniature import running
from tests.cluster.place import JOB, Place
from tests.lab.cluster.runs.lab import QUICK, Lab


@dataclass
class Verified:
    """A run that `verify` waited for."""

    place: Place
    lab: Lab
    status: int
    output: str


@pytest.fixture(scope="module")
def verified(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Verified]:
    """Install the release, and verify its run."""
    folder = tmp_path_factory.mktemp("one-run")
    with running(folder, start_delay_seconds=0.5) as (cluster, kubeconfig):
        place = Place(cluster, kubeconfig)
        lab = Lab(place, folder)
        of_two = ("client.parallelism=2", "client.requestsPerUser=3", "server.port=8080")
        place.helm("install", sets=(*QUICK, *of_two))
        yield Verified(place, lab, *lab.verify())


def test_verify_waits_for_the_run_and_merges_all_clients(verified: Verified) -> None:
    """It waits for the newest run, merges its clients' summaries, and judges them."""
    output, lab = verified.output, verified.lab
    assert verified.status == 0, output
    assert "360 of 360 planned were answered" in output
    assert "verdict even: the connections opened are within chance of uniform" in output
    assert f"{JOB}-1" in output
    record = lab.record
    assert set(record["replicas"]) == set(verified.place.pods("server"))
    assert record["clients"]["clients"] == 2
    logs = list((lab.out / "latest").glob(f"{JOB}-1-*.log"))
    assert len(logs) == 2
    lines = "".join(log.read_text() for log in logs)
    assert lines.count("Response from Pod ") == 360
    assert "concurrency: 60" in (lab.out / "latest" / "values.yaml").read_text()


def test_servers_own_counts_are_fetched_through_the_api(verified: Verified) -> None:
    """Each replica reports how many it answered, and the clients counted the same."""
    record = verified.lab.record
    counts, pods = record["server_counts"], record["clients"]["pods"]
    assert counts.keys() == verified.place.pods("server").keys()
    assert {name: one["answered"] for name, one in counts.items()} == {
        name: pods[name]["requests"] for name in counts
    }


def test_verify_of_a_run_that_is_over_says_the_same(verified: Verified) -> None:
    """A run can be judged as long as its pods exist, any number of times."""
    verified.place.await_job(1)
    status, output = verified.lab.verify()
    assert status == 0, output
    assert "360 of 360" in output
    assert len(list(verified.lab.out.glob("2*"))) == 2


def test_upgrade_is_a_run_of_its_own(verified: Verified) -> None:
    """Neither runs nor pods are mixed up; a client that chooses among the pods finds the new ones.

    The chart's values alone lead it to the headless Service, and it treats all pods alike.
    """
    place, lab = verified.place, verified.lab
    before = set(place.pods("server"))
    changed = ("server.runtime=gunicorn", "client.balancing=headless", "client.concurrency=45")
    place.helm("upgrade", "--reset-then-reuse-values", sets=changed)
    status, output = lab.verify()
    assert status == 0, output
    assert f"{JOB}-2" in output
    assert "270 of 270 planned were answered" in output
    pods = lab.record["clients"]["pods"]
    assert not before & pods.keys()
    assert pods.keys() == set(lab.record["replicas"]) == set(place.pods("server"))
    assert {pod["connections_opened"] for pod in pods.values()} == {30}
