"""What `long-lived run` finds of a restart, with each runtime.

Each test that expects `even` fails by chance once in a thousand runs, as `LEVEL` promises.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.lab.commands.lab import (
    QUICK,
    Lab,
    check_phases,
    long_enough,
    processes_of,
    starter,
)

from long_lived.server.runtimes.go import build

pytestmark = pytest.mark.timeout(900)
"""On a slow machine a run is repeated with a longer load."""

RUNTIMES = {"flask": "even", "gunicorn": "pinned", "go": "pinned"}


@pytest.fixture(scope="module")
def restart_runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Lab]]:
    """Restart replicas of each runtime in parallel, since a run mostly waits."""
    build.binary(install=True)  # takes a minute, once: no run should wait for it
    with starter(tmp_path_factory.mktemp("restarts")) as begin:
        settings = (
            *(*QUICK, "server.delay.maxSeconds=0.7", "client.thinkTime.maxSeconds=1.5"),
            "experiment.event.afterSeconds=3",
        )

        def run(runtime: str) -> Callable[[float], Lab]:
            own = (f"server.runtime={runtime}", f"experiment.expect={RUNTIMES[runtime]}")
            return lambda seconds: begin(
                "events/restart", *settings, *own, f"client.durationSeconds={seconds:g}"
            )

        with ThreadPoolExecutor(len(RUNTIMES)) as pool:
            labs = pool.map(lambda runtime: long_enough(run(runtime), 24), RUNTIMES)
        yield dict(zip(RUNTIMES, labs, strict=True))


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_restart_shows_what_keep_alive_does(runtime: str, restart_runs: dict[str, Lab]) -> None:
    """Closed connections make the load even again; kept ones leave it pinned."""
    lab = restart_runs[runtime]
    assert lab.finish() == 0, lab.printed
    record = lab.record
    assert record["verdict"]["finding"] == RUNTIMES[runtime]
    clients, restart = lab.check_account(), record["effect"]
    check_phases(record)
    assert [phase["name"] for phase in restart["phases"]] == ["before", "during", "after"]
    assert restart["survivors"] == ["server-a"]
    assert restart["stopped"] == ["server-b", "server-c"]
    assert sorted(restart["came"]) == ["server-d", "server-e"]
    held = record["verdict"]["judged"]["unit"] == "connections held"
    assert held is (runtime != "flask")
    assert (restart["seconds_to_even"] is None) is (runtime != "flask")
    for one in record["events"]:
        assert one["began_unix_seconds"] <= one["ended_unix_seconds"]
        assert one["began_unix_seconds"] < one["ready_unix_seconds"]
    for name in ("server-a", "server-d", "server-e"):
        seen = clients["pods"].get(name, {"requests": 0})["requests"]
        # Answers lost at the end of a run, if any, are those that only the server counted.
        assert record["server_counts"][name]["answered"] >= seen
    lost = clients["requests"]["failed_by_kind"].get("connection_lost", 0)
    if runtime == "gunicorn":
        assert (restart["lost_by_replica"], restart["lost_unattributed"], lost) == ({}, 0, 0)
    if runtime == "go":
        # The replica is known of a kept connection, which has answered before; on a
        # busy machine a few are new, and lost in the listen queue of a stopping replica.
        assert set(restart["lost_by_replica"]) == {"server-b", "server-c"}
        attributed = sum(restart["lost_by_replica"].values())
        assert attributed + restart["lost_unattributed"] == lost
        assert attributed > restart["lost_unattributed"]
    if runtime == "flask":
        # A connection that closes after its first answer had no answer before.
        assert (restart["lost_by_replica"], restart["lost_unattributed"]) == ({}, lost)
    assert processes_of(lab.place) == {}
