"""Real clients that recycle their connections: no request is lost, and every connection counted."""

from collections import Counter

import pytest

from .programs import BOTH
from .test_run_account import answers, counted

RECYCLE = ("client.keepAlive.mode=recycle", "client.keepAlive.jitterRatio=0.4")


@BOTH
@pytest.mark.parametrize("connections", ["per-user", "shared", "shared-fifo"])
def test_no_request_is_lost_to_recycling(
    engine: str, connections: str, keeping_server, run_client
) -> None:
    """Each request is answered, and each connection ends within its limits, on both sides."""
    settings = (
        *("client.concurrency=30", "client.requestsPerUser=20", *RECYCLE),
        *(f"client.engine={engine}", f"client.connections={connections}"),
        *("client.keepAlive.maxRequests=5", "client.keepAlive.maxAgeSeconds=2"),
    )
    run, grown = counted(keeping_server, lambda: run_client(keeping_server.url, *settings))
    run.check_account()
    summary, carried = run.summary, Counter(line["connection"] for line in answers(run))
    assert run.status == 0
    assert (summary["requests"]["answered"], summary["requests"]["failed"]) == (600, 0)
    assert max(carried.values()) <= 7
    told = summary["connections"]
    assert told["opened"] == len(carried) == grown["connections"] == told["retired"] + told["open"]
    assert told["opened"] > 600 / 7 - 1
    assert told["most_requests_on_one"] == max(carried.values())


@BOTH
def test_connections_are_opened_as_often_as_computed(
    engine: str, keeping_server, run_client
) -> None:
    """Users divided by the mean lifetime: mean age plus the wait for the next request."""
    users, seconds, age = 40, 8, 0.5
    run = run_client(
        keeping_server.url,
        *(f"client.concurrency={users}", f"client.durationSeconds={seconds}", *RECYCLE),
        *(f"client.engine={engine}", f"client.keepAlive.maxAgeSeconds={age}"),
    )
    run.check_account()
    summary = run.summary
    assert summary["requests"]["failed"] == 0
    cycle = users * summary["load_seconds"] / summary["requests"]["answered"]
    # The next request comes half a cycle later on average, and a whole one at most.
    per_second = summary["connections"]["opened"] / summary["load_seconds"]
    assert users / (age + 1.5 * cycle) < per_second < users / age


@pytest.mark.parametrize(
    ("connections", "concentrated"), [("shared", True), ("shared-fifo", False)]
)
def test_burst_leaves_few_connections_in_use_or_all(
    connections: str, concentrated: bool, keeping_server, run_client
) -> None:
    """A first burst opens a connection per user; then LIFO uses few of them, FIFO all."""
    run = run_client(
        keeping_server.url,
        *(
            "client.concurrency=40",
            "client.requestsPerUser=12",
            f"client.connections={connections}",
        ),
        # After the burst a tenth of the users have a request in flight at any time.
        *("client.thinkTime.minSeconds=0.2", "client.thinkTime.maxSeconds=1.6"),
    )
    run.check_account()
    told = run.summary["connections"]
    carried = sorted(Counter(line["connection"] for line in answers(run)).values(), reverse=True)
    busiest, left = 0, 240
    while left > 0:
        left -= carried[busiest]
        busiest += 1
    assert told["half_carried_by"] == busiest
    assert (busiest <= told["opened"] / 4) is concentrated
