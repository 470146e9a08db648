"""What `long-lived run` finds of a restart where the client has a remedy against it."""

from collections.abc import Iterator

import pytest
from tests.lab.commands.lab import QUICK, Lab, check_phases, processes_of, starter

AGE, JITTER = 5, 0.2
CYCLE = 0.3 + 0.7
"""The longest delay and the longest think time."""

REMEDIES = {
    "recycle": ("client.keepAlive.mode=recycle", f"client.keepAlive.maxAgeSeconds={AGE}"),
    "headless": ("client.balancing=headless", "client.headless.resolveSeconds=1"),
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Lab]]:
    """Restart two of three replicas under each remedy, beside one another."""
    starters = starter(tmp_path_factory.mktemp("remedies"))
    begin = next(starters)
    yield {
        name: begin(
            "events/restart",
            *QUICK,
            *("client.concurrency=300", "client.durationSeconds=32", "experiment.expect=even"),
            *("client.thinkTime.minSeconds=0.3", "client.thinkTime.maxSeconds=0.7"),
            *("experiment.event.afterSeconds=6", "experiment.event.serviceLagSeconds=0"),
            *settings,
        )
        for name, settings in REMEDIES.items()
    }
    next(starters, None)


def ready_seconds(record: dict) -> float:
    """Return when the last replacement was ready, in seconds after the first stop."""
    events = record["events"]
    ready = max(one["ready_unix_seconds"] for one in events)
    return ready - min(one["stopped_unix_seconds"] for one in events)


def finished(lab: Lab) -> dict:
    """Await a run that has lost nothing and ends even, and return its record."""
    assert lab.finish() == 0, lab.printed
    record = lab.record
    check_phases(record)
    assert lab.check_account()["requests"]["failed_by_kind"] == {}
    assert record["verdict"]["finding"] == "even"
    assert processes_of(lab.place) == {}
    return record


@pytest.mark.xdist_group("restarts")
def test_recycled_connections_are_even_again_within_their_age(runs: dict[str, Lab]) -> None:
    """At most the age with its jitter, and the longest answer, after the replacements are ready."""
    record = finished(runs["recycle"])
    clients, effect = record["clients"], record["effect"]
    longest = clients["response_seconds"]["max"] + CYCLE
    after = effect["seconds_to_even"] - ready_seconds(record)
    assert after <= AGE * (1 + JITTER) + longest
    # Each lives for its age, and until the answer or pause is over in which that is reached: half a
    # cycle on average. Those that the restart closed began anew, as all did at the start.
    seconds = clients["load_seconds"]
    cycle = 300 * seconds / clients["requests"]["answered"]
    renewals = 300 * seconds / (AGE + cycle / 2)
    assert clients["connections"]["retired"] == pytest.approx(renewals, rel=0.3)


@pytest.mark.xdist_group("restarts")
def test_client_that_chooses_is_even_again_at_once(runs: dict[str, Lab]) -> None:
    """Users move to the replacements as soon as they know them, each before its next request."""
    record = finished(runs["headless"])
    held = record["verdict"]["judged"]["spread"]["counts"]
    assert held == dict.fromkeys(("server-a", "server-d", "server-e"), 100)
    connections = record["clients"]["connections"]
    # Of 200 users the connection was closed; later as many moved from the survivor.
    assert connections["retired"] <= 400
    assert connections["opened"] <= 300 + 200 + 400
    longest = record["clients"]["response_seconds"]["max"] + CYCLE
    assert record["effect"]["seconds_to_even"] - ready_seconds(record) <= 1 + longest + 2
