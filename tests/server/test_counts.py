"""The replica's register of connections and its counts, without a socket."""

from dataclasses import replace

import pytest

from long_lived.server.app import create_app
from long_lived.server.connections import Connections
from long_lived.server.replica import Replica
from long_lived.settings import load


class Socket:
    """A stand-in that lives as long as a connection."""


class Clock:
    """A clock set by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_connection_keeps_its_number_and_counts_its_requests() -> None:
    """Numbers follow the order of first requests."""
    connections = Connections()
    first, second = Socket(), Socket()
    carried = [connections.carry(socket) for socket in (first, second, first, first)]
    assert [(one.number, one.requests) for one in carried] == [(1, 1), (2, 1), (1, 2), (1, 3)]
    assert connections.count == 2


def test_connection_without_a_request_has_no_number() -> None:
    """Opening a connection does not count, since probes open many."""
    connections = Connections()
    probing, used = Socket(), Socket()
    connections.opened(probing)
    connections.opened(used)
    assert connections.carry(used).number == 1
    assert connections.count == 1


def test_age_counts_from_the_opening() -> None:
    """The age is that of the connection, not of its first request."""
    clock = Clock()
    connections = Connections(clock=clock)
    socket = Socket()
    connections.opened(socket)
    clock.now += 5
    connections.opened(socket)
    carried = connections.carry(socket)
    clock.now += 2
    assert connections.age_seconds(carried) == 7


@pytest.mark.parametrize(
    ("limits", "requests", "seconds", "last"),
    [
        ([], 10**6, 10**6, False),
        (["maxRequests=3"], 2, 10**6, False),
        (["maxRequests=3"], 3, 0, True),
        (["maxAgeSeconds=5"], 10**6, 4.9, False),
        (["maxAgeSeconds=5"], 1, 5, True),
        (["maxRequests=3", "maxAgeSeconds=5"], 3, 0, True),
        (["maxRequests=3", "maxAgeSeconds=5"], 1, 5, True),
    ],
    ids=["no limit", "below", "requests", "younger", "age", "requests first", "age first"],
)
def test_connection_is_at_its_limit(
    limits: list[str], requests: int, seconds: float, *, last: bool
) -> None:
    """The limit reached first makes an answer the last."""
    clock = Clock()
    given = [f"server.keepAlive.{limit}" for limit in [*limits, "jitterRatio=0"]]
    connections = Connections(load(overrides=given, environment={}).server.keep_alive, clock)
    carried = replace(connections.carry(Socket()), requests=requests)
    clock.now += seconds
    assert connections.at_its_limit(carried) is last


def test_connection_that_is_gone_is_forgotten() -> None:
    """A new socket never inherits an old one's record."""
    connections = Connections()
    for number in range(1, 50):
        socket = Socket()
        assert connections.carry(socket).number == number
        assert connections.carry(socket).requests == 2
        del socket
    assert len(connections._records) == 0


def test_request_that_fails_is_not_counted_as_answered() -> None:
    """Only answers given count, and none stays in flight."""
    replica = Replica("pod", "flask")
    with replica.request(None) as arrival:
        assert arrival.in_flight == 1
        with pytest.raises(RuntimeError), replica.request(None) as second:
            assert second.in_flight == 2
            raise RuntimeError
    stats = replica.stats().model_dump()
    assert stats.pop("uptime_seconds") > 0
    assert stats.pop("cpu_seconds") >= 0
    assert stats == {
        "pod": "pod",
        "runtime": "flask",
        "instance": replica.instance,
        "balanced_at_random": None,
        "answered": 1,
        "answered_to": {"": 1},
        "in_flight": 0,
        "connections": 2,
    }


def test_app_waits_a_random_delay_within_its_bounds() -> None:
    """The wait is injected; every draw is within server.delay, and draws differ."""
    waits: list[float] = []
    delay = ["server.delay.minSeconds=20", "server.delay.maxSeconds=60"]
    settings = load(overrides=delay, environment={})
    client = create_app(settings, Replica("pod", "flask"), wait=waits.append).test_client()
    answers = [client.get("/", headers={"Accept": "application/json"}).json for _ in range(200)]
    assert all(20 <= wait <= 60 for wait in waits)
    assert min(waits) < 30
    assert max(waits) > 50
    assert [answer["connection"]["number"] for answer in answers] == list(range(1, 201))
