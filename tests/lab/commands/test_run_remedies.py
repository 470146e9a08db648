"""What `long-lived run` finds after a restart when the client has a remedy."""

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

pytestmark = pytest.mark.timeout(900)
"""On a slow machine a run is repeated with a longer load."""

USERS = 240
AGE, JITTER = 5, 0.2
CYCLE = 0.3 + 2
"""The longest delay plus the longest think time."""

REMEDIES = {
    "recycle": ("client.keepAlive.mode=recycle", f"client.keepAlive.maxAgeSeconds={AGE}"),
    "headless": ("client.balancing=headless", "client.headless.resolveSeconds=1"),
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Lab]]:
    """Restart two of three replicas under each remedy, in parallel."""
    with starter(tmp_path_factory.mktemp("remedies")) as begin:
        settings = (
            *(*QUICK, "client.thinkTime.maxSeconds=2", "experiment.expect=even"),
            *("experiment.event.afterSeconds=3", "experiment.event.replacementSeconds=1"),
            "experiment.event.serviceLagSeconds=0",
        )

        def run(name: str) -> Callable[[float], Lab]:
            return lambda seconds: begin(
                *("events/restart", *settings, *REMEDIES[name]),
                f"client.durationSeconds={seconds:g}",
            )

        with ThreadPoolExecutor(len(REMEDIES)) as pool:
            labs = pool.map(lambda name: long_enough(run(name), 24, 2 * AGE + CYCLE), REMEDIES)
        yield dict(zip(REMEDIES, labs, strict=True))


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
    cycle = USERS * seconds / clients["requests"]["answered"]
    renewals = USERS * seconds / (AGE + cycle / 2)
    assert clients["connections"]["retired"] == pytest.approx(renewals, rel=0.3)


def test_client_that_chooses_is_even_again_at_once(runs: dict[str, Lab]) -> None:
    """Users move to the replacements, before their next request, as soon as they know them."""
    record = finished(runs["headless"])
    held = record["verdict"]["judged"]["spread"]["counts"]
    assert held == dict.fromkeys(("server-a", "server-d", "server-e"), USERS // 3)
    connections = record["clients"]["connections"]
    # One replica after the other leaves (a third, then half, which the other two share), and comes
    # (half of all, then a sixth of each of two): nobody moves beyond that.
    moves = USERS // 3 + USERS // 2 + USERS // 2 + USERS // 3
    assert connections["retired"] <= moves
    assert connections["opened"] <= USERS + moves
    longest = record["clients"]["response_seconds"]["max"] + CYCLE
    assert record["effect"]["seconds_to_even"] - ready_seconds(record) <= 1 + longest + 2
