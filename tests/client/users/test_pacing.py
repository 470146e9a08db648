"""When virtual users send: a table of numbers."""

import pytest

from long_lived.client.users import pacing
from long_lived.settings import load


def client(*settings: str):
    """Return the client's settings."""
    return load([], list(settings), {}).client


@pytest.mark.parametrize(
    ("user", "users", "ramp_up", "expected"),
    [(0, 4, 8, 0), (1, 4, 8, 2), (3, 4, 8, 6), (3, 4, 0, 0), (0, 1, 5, 0)],
    ids=["first", "second", "last", "no-ramp-up", "alone"],
)
def test_first_sends_are_spread_evenly(
    user: int, users: int, ramp_up: float, expected: float
) -> None:
    """Users start one after another, evenly, the last before the ramp-up is over."""
    assert pacing.first_send_seconds(user, users, ramp_up) == expected


def test_think_time_is_within_its_bounds() -> None:
    """Think times lie between the two bounds, as far along as the draw says."""
    given = client("client.thinkTime.minSeconds=0.5,client.thinkTime.maxSeconds=0.75")
    drawn = [pacing.think_seconds(given, draw) for draw in (0, 0.5, 1)]
    assert drawn == [0.5, 0.625, 0.75]


def test_think_time_of_one_value_is_that_value() -> None:
    """A range of one value leaves no choice."""
    given = client("client.thinkTime.minSeconds=2,client.thinkTime.maxSeconds=2")
    assert pacing.think_seconds(given, 0.3) == 2


@pytest.mark.parametrize(
    ("settings", "sent", "at", "again"),
    [
        ("client.requestsPerUser=2", 0, 0, True),
        ("client.requestsPerUser=2", 1, 1e6, True),
        ("client.requestsPerUser=2", 2, 0, False),
        ("client.durationSeconds=10", 0, 0, True),
        ("client.durationSeconds=10", 1_000_000, 9.999, True),
        ("client.durationSeconds=10", 0, 10, False),
        ("client.durationSeconds=10,client.requestsPerUser=5", 5, 1, True),
    ],
    ids=[
        "count-first",
        "count-late",
        "count-reached",
        "duration-first",
        "duration-many",
        "duration-over",
        "duration-wins-over-count",
    ],
)
def test_user_sends_until_count_or_duration(
    settings: str, sent: int, at: float, again: bool
) -> None:
    """A user stops after its requests or, with a duration, when that is over."""
    assert pacing.sends_again(client(settings), sent, at) is again


@pytest.mark.parametrize(
    ("settings", "planned"),
    [
        ("client.concurrency=7,client.requestsPerUser=3", 21),
        ("client.concurrency=7,client.durationSeconds=1", 0),
    ],
    ids=["count", "duration"],
)
def test_planned_requests_are_known_only_without_duration(settings: str, planned: int) -> None:
    """With a duration nobody knows beforehand how many requests there will be."""
    assert pacing.planned_requests(client(settings)) == planned
