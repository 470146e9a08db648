"""What `long-lived run` finds after a restart when the client has a remedy."""

from collections.abc import Iterator

import pytest
from tests.lab.commands.lab import QUICK, Lab, check_phases, processes_of, starter

AGE, JITTER = 5, 0.2
CYCLE = 0.3 + 1.5
"""The longest delay plus the longest think time."""

REMEDIES = {
    "recycle": ("client.keepAlive.mode=recycle", f"client.keepAlive.maxAgeSeconds={AGE}"),
    "headless": ("client.balancing=headless", "client.headless.resolveSeconds=1"),
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Lab]]:
    """Restart two of three replicas under each remedy, in parallel."""
    with starter(tmp_path_factory.mktemp("remedies")) as begin:
        yield {
            name: begin(
                "events/restart",
                *QUICK,
                *("client.concurrency=300", "client.durationSeconds=32", "experiment.expect=even"),
                *("client.thinkTime.minSeconds=0.5", "client.thinkTime.maxSeconds=1.5"),
                *("experiment.event.afterSeconds=6", "experiment.event.serviceLagSeconds=0"),
                *settings,
            )
            for name, settings in REMEDIES.items()
        }


def ready_seconds(record: dict) -> float:
    """Return when the last replacement was ready, in seconds after the first stop."""
    events = record["events"]
    ready = max(one["ready_unix_seconds"] for one in events)
    return ready - min(one["began_unix_seconds"] for one in events)


def finished(lab: Lab) -> dict:
    """Wait for a run that loses nothing and ends even; return its record."""
    assert lab.finish() == 0, lab.printed
    record = lab.record
    check_phases(record)
    assert lab.check_account()["requests"]["failed_by_kind"] == {}
    assert record["verdict"]["finding"] == "even"
    assert processes_of(lab.place) == {}
    return record


def test_recycled_connections_are_even_again_within_their_age(runs: dict[str, Lab]) -> None:
    """After the replacements are ready it takes at most age, jitter and the longest answer."""
    record = finished(runs["recycle"])
    clients, effect = record["clients"], record["effect"]
    longest = clients["response_seconds"]["max"] + CYCLE
    after = effect["seconds_to_even"] - ready_seconds(record)
    assert after <= AGE * (1 + JITTER) + longest
    # Each lives for its age, and on to the end of the answer or pause in which that ends: half a
    # cycle on average. Connections that the restart closed began again at zero.
    seconds = clients["load_seconds"]
    cycle = 300 * seconds / clients["requests"]["answered"]
    renewals = 300 * seconds / (AGE + cycle / 2)
    assert clients["connections"]["retired"] == pytest.approx(renewals, rel=0.3)


def test_client_that_chooses_is_even_again_at_once(runs: dict[str, Lab]) -> None:
    """Users move to the replacements, before their next request, as soon as they know them."""
    record = finished(runs["headless"])
    held = record["verdict"]["judged"]["spread"]["counts"]
    assert held == dict.fromkeys(("server-a", "server-d", "server-e"), 100)
    connections = record["clients"]["connections"]
    # One replica after the other leaves (100, then 150 that the other two share), and comes
    # (150 of 300, then 50 of each of two): nobody moves beyond that.
    assert connections["retired"] <= 100 + 150 + 150 + 100
    assert connections["opened"] <= 300 + 100 + 150 + 150 + 100
    longest = record["clients"]["response_seconds"]["max"] + CYCLE
    assert record["effect"]["seconds_to_even"] - ready_seconds(record) <= 1 + longest + 2
