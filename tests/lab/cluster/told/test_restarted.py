"""Restarts that others made during a run, found in the pods; clients with clocks of their own."""

from datetime import UTC, datetime

import pytest
from tests.cluster.kinds import Object
from tests.lab.cluster.told.conftest import Lab
from tests.lab.cluster.told.kubectl import Told
from tests.lab.cluster.told.objects import (
    client,
    deployment,
    ended,
    event,
    evicted,
    job,
    server,
    servers,
)
from tests.lab.logs.saved_logs import TWO, balanced
from tests.lab.runs import NEW, READY_SECONDS, SERVERS, START, STOP_SECONDS, Run, restarted

SKEW_SECONDS = 1000.0


def at(seconds: float) -> str:
    """Return a moment of the run as the API writes it."""
    return datetime.fromtimestamp(START + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def came() -> list[Object]:
    """Return the pods that replaced others."""
    new = [server(name, ready_at=at(READY_SECONDS)) for name in NEW]
    for pod in new:
        pod["metadata"]["creationTimestamp"] = at(STOP_SECONDS)
    return new


def test_restart_by_hand_is_found_by_verify(told: Told, lab: Lab) -> None:
    """Pods that are younger than the run replaced those that are gone, and that decides."""
    run, _ = restarted("experiment.expect=pinned", "server.runtime=gunicorn", users=300)
    told.log("c", run.log())
    told.objects = [deployment(), job(), client("c", ended()), server(SERVERS[0]), *came()]
    status, output = lab.verify()
    assert status == 0, output
    assert "pinned, as expected" in output
    changes = lab.record["events"]
    assert {one["old"] for one in changes} == set(SERVERS[1:])
    assert {one["new"] for one in changes} == set(NEW)
    assert not any(one["inferred"] for one in changes)


def test_evicted_servers_are_replaced_and_earlier_ones_no_replicas(told: Told, lab: Lab) -> None:
    """What an eviction leaves is there for days: it holds no connections, and should have none."""
    run, _ = restarted("experiment.expect=pinned", "server.runtime=gunicorn", users=300)
    told.log("c", run.log())
    left = [evicted(server(name)) for name in ("long-ago", *SERVERS[1:])]
    told.objects = [deployment(), job(), client("c", ended()), server(SERVERS[0]), *came(), *left]
    status, output = lab.verify()
    assert status == 0, output
    assert "pinned, as expected" in output
    assert {one["old"] for one in lab.record["events"]} == set(SERVERS[1:])
    assert "long-ago" not in output


@pytest.mark.parametrize(
    ("end", "events", "words"),
    [
        ("OOMKilled", (), "OOMKilled (exit 137)"),
        (
            "Error",
            ("Container server failed liveness probe, will be restarted",),
            "liveness probe failed, Error (exit 137)",
        ),
        ("Error", (), "Error 137, Error (exit 137)"),
    ],
    ids=["memory", "liveness", "unknown"],
)
def test_restart_in_place_is_a_replacement_of_itself(
    end: str, events: tuple[str, ...], words: str, told: Told, lab: Lab
) -> None:
    """A container that restarts in its pod is found, with when and why; earlier ones are not."""
    told.log("c", balanced())
    victim, early = (
        server(name, lastState=_ended_at(second, end), restartCount=1, ready_at=at(second + 2))
        for name, second in ((SERVERS[1], STOP_SECONDS), (SERVERS[2], -60))
    )
    told.objects = [deployment(), job(), client("c", ended()), server(SERVERS[0]), victim, early]
    told.events = [event(victim, "Killing", one, "Normal", at(STOP_SECONDS)) for one in events]
    _, output = lab.verify()
    (one,) = lab.record["events"]
    assert (one["old"], one["new"]) == (SERVERS[1], SERVERS[1])
    assert f"{SERVERS[1]} restarted in place at {STOP_SECONDS:.1f} s: {words}, restart 1" in output


def _ended_at(second: float, reason: str) -> Object:
    state = ended(137, reason)
    state["terminated"]["finishedAt"] = at(second)
    return state


def test_clients_with_clocks_of_their_own_are_one_timeline(told: Told, lab: Lab) -> None:
    """What a client 1000 s ahead did is counted when it happened, on the lab's clock."""
    told.values = "client: {parallelism: 2}"
    for name, skew in (("one", 0.0), ("two", SKEW_SECONDS)):
        run = Run(TWO, starts_at=START + skew)
        for index in range(240):
            run.hang_up(run.connect(SERVERS[index % 3], index / 10), index / 10)
        lines = run.log()
        told.log(name, lines)
        told.follow(len(lines) - 2)  # up to the last answer, which tells what time it is
    rest = [deployment(), job(clients=2), *servers()]
    told.objects = [*rest, client("one"), client("two")]
    told.later = [[*rest, client("one", ended()), client("two", ended())]]
    status, output = lab.verify()
    assert status == 0, output
    record = lab.record
    assert record["clients"]["load_seconds"] < SKEW_SECONDS / 2
    assert record["clock_uncertainty_seconds"] > 0
