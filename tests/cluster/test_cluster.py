"""The miniature cluster leaves nothing behind."""

from pathlib import Path

import pytest
from tests.lab.processes.family import exists

from .miniature import running
from .place import Place

SMALL = (
    *("server.replicas=2", "server.delay.minSeconds=0.1", "server.delay.maxSeconds=0.3"),
    *("client.concurrency=20", "client.rampUpSeconds=0"),
    *("client.thinkTime.minSeconds=0.1", "client.thinkTime.maxSeconds=0.3"),
)


def test_failing_test_leaves_no_process(tmp_path: Path) -> None:
    """However the block ends, all pods end with it."""
    processes = []
    with pytest.raises(ZeroDivisionError), running(tmp_path, start_delay_seconds=0) as found:
        place = Place(*found)
        place.helm("install", sets=(*SMALL, "client.durationSeconds=300"))
        processes.append(place.cluster.process(place.only_client()))
        raise ZeroDivisionError
    assert not any(map(exists, processes))
