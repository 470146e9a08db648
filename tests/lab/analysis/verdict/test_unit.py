"""What a verdict is about: connections, or requests where a proxy balances those."""

import pytest
from tests.lab.analysis.verdict.judging import judged
from tests.lab.runs import SERVERS, Run

from long_lived.lab.analysis.judged import Unit
from long_lived.lab.analysis.verdict import Finding, judge


def test_connections_are_judged_and_not_requests() -> None:
    """A connection with nearly all the requests is still one connection, and no finding."""
    run = Run("experiment.expect=even")
    held = [run.connect(pod, 0.0) for pod in SERVERS * 70]
    for second in range(1, 1000):
        run.ask(held[0], float(second) / 40)
    verdict = judged(run.summary())
    assert verdict.finding is Finding.EVEN
    assert verdict.judged is not None
    assert verdict.judged.unit is Unit.HELD
    assert verdict.judged.spread.counts == dict.fromkeys(SERVERS, 70)


def test_connections_held_are_judged_and_not_connections_opened() -> None:
    """Connections opened evenly, most of which one replica lost, are not even."""
    run = Run("experiment.expect=even")
    for index in range(300):
        connection = run.connect(SERVERS[index % 3], index / 300)
        if index % 3 and index < 150:
            run.hang_up(connection, 5.0)
        else:
            for second in range(6, 30):
                run.ask(connection, float(second))
    verdict = judge(run.summary(), SERVERS)
    assert verdict.finding is Finding.UNEVEN
    assert verdict.judged is not None
    assert verdict.judged.spread.counts == {"server-a": 100, "server-b": 50, "server-c": 50}


@pytest.mark.parametrize(
    ("answers", "finding"),
    [((100, 100, 100), Finding.EVEN), ((300, 0, 0), Finding.UNEVEN)],
    ids=["even", "one-does-all"],
)
def test_proxy_that_balances_requests_is_noticed(
    answers: tuple[int, ...], finding: Finding
) -> None:
    """If several pods answer on one connection, requests are judged instead."""
    run = Run("experiment.expect=any")
    connections = [run.connect(SERVERS[0], 0.5) for _ in range(30)]
    for connection in connections:
        run.ask(connection, 1.0, SERVERS[1])
        run.ask(connection, 1.0, SERVERS[2])
    for pod, count in zip(SERVERS, answers, strict=True):
        for index in range(count):
            run.ask(connections[index % 30], 2.0 + index / 20, pod)
    verdict = judge(run.summary(), SERVERS)
    assert verdict.finding is finding
    assert verdict.judged is not None
    assert verdict.judged.unit is Unit.ANSWERED
    assert verdict.evidence.endswith("judged by requests, which something in between balances")


@pytest.mark.parametrize(
    ("several", "reused", "unit"),
    [(0, 30, Unit.HELD), (1, 100, Unit.ANSWERED), (1, 101, Unit.HELD), (2, 101, Unit.ANSWERED)],
    ids=["none", "one-in-a-hundred", "less", "more"],
)
def test_proxy_shows_on_one_in_a_hundred_connections(several: int, reused: int, unit: Unit) -> None:
    """A lone connection that two pods seem to answer is an accident, not a proxy."""
    run = Run("experiment.expect=any")
    for index in range(reused):
        connection = run.connect("server-a", 0.5)
        run.ask(connection, 20.0, "server-b" if index < several else "server-a")
    found = judge(run.summary(), SERVERS).judged
    assert found is not None
    assert found.unit is unit


@pytest.mark.parametrize("connections", ["shared", "per-user"])
def test_client_that_balances_each_request_is_judged_by_its_requests(connections: str) -> None:
    """How many connections it keeps to a replica says nothing about the load."""
    run = Run(
        *("experiment.expect=any", "client.balancing=headless"),
        f"client.connections={connections}",
    )
    for second in range(300):
        run.connect(SERVERS[0], second / 20)  # and a request on it
    for pod in SERVERS[1:]:
        only = run.connect(pod, 0.0)
        for second in range(1, 300):
            run.ask(only, second / 20)
    verdict = judge(run.summary(), SERVERS)
    assert verdict.judged is not None
    by_request = connections == "shared"
    assert (verdict.judged.unit is Unit.ANSWERED) is by_request
    assert (verdict.finding is Finding.EVEN) is by_request
