"""The miniature cluster itself: faults that its users would take for their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.chart.conftest import CHART
from tests.waiting import eventually

from .miniature import running
from .place import JOB, Place

SMALL = (
    *("server.replicas=2", "server.delay.minSeconds=0.1", "server.delay.maxSeconds=0.3"),
    *("client.concurrency=20", "client.rampUpSeconds=0"),
    *("client.thinkTime.minSeconds=0.1", "client.thinkTime.maxSeconds=0.3"),
)


def is_alive(process: int) -> bool:
    """Tell whether a process has this pid."""
    return Path(f"/proc/{process}").exists()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Yield an empty cluster."""
    with running(tmp_path, start_delay_seconds=0.1) as (cluster, kubeconfig):
        yield Place(cluster, kubeconfig)


def test_release_lives_from_its_installation_to_its_end(place: Place) -> None:
    """Its servers become ready, its client ends, an upgrade replaces both, and nothing is left."""
    place.helm("install", "--wait", sets=SMALL)
    place.await_job(1)
    before = place.pods("server")
    processes = [place.cluster.process(name) for name in before]
    assert all(map(is_alive, processes))
    changed = ("server.delay.maxSeconds=0.4",)
    place.helm("upgrade", "--reset-then-reuse-values", sets=changed)
    place.await_servers()
    place.await_job(2)
    assert place.cluster.names("Job") == {f"{JOB}-2"}
    after = place.pods("server")
    assert len(after) == 2
    assert not before.keys() & after.keys()
    eventually(lambda: not any(map(is_alive, processes)))

    processes = [place.cluster.process(name) for name in after]
    place.helm("uninstall")
    eventually(lambda: not place.cluster.names())
    assert not any(map(is_alive, processes))
    assert place.cluster.names("Secret") == set()


def test_failing_test_leaves_no_process(tmp_path: Path) -> None:
    """However the block ends, all pods end with it."""
    processes = []
    with pytest.raises(ZeroDivisionError), running(tmp_path, start_delay_seconds=0) as found:
        place = Place(*found)
        place.helm("install", sets=(*SMALL, "client.durationSeconds=300"))
        processes.append(place.cluster.process(place.only_client()))
        raise ZeroDivisionError
    assert not any(map(is_alive, processes))


def test_missing_namespace_is_refused(place: Place) -> None:
    """Nothing is created in a missing namespace."""
    status, output = place.run("helm", "install", "demo", str(CHART), "--namespace", "else")
    assert status != 0
    assert 'namespaces "else" not found' in output
