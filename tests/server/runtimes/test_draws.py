"""Every runtime waits the delay that a client draws, and ignores an invalid draw."""

import pytest
from tests.server.replicas import Start
from tests.server.variants import ALL, Variant, side_by_side

from long_lived.server.delay import HEADER, delay_seconds
from long_lived.settings.sections.server import Delay

JSON = {"Accept": "application/json"}
TWO_TO_SIX = Delay.model_validate({"minSeconds": 2, "maxSeconds": 6})
RANGE = ("server.delay.minSeconds=0.1", "server.delay.maxSeconds=3600.1")


@side_by_side(ALL)
def test_delay_is_as_long_as_the_client_draws(variant: Variant, start: Start) -> None:
    """Draws of 0 and 1/7,200 of an hour's range are honoured, which chance would not give."""
    replica = start(*variant.settings, *RANGE)
    for given, shortest, longest in (("0", 0.1, 30), ("0.000139", 0.6, 30), ("0.0", 0.1, 30)):
        answer = replica.get("/", **JSON, **{HEADER: given}).json
        assert shortest <= answer["delay_seconds"] < longest


@side_by_side(ALL)
def test_invalid_draw_is_ignored(variant: Variant, start: Start) -> None:
    """The replica then draws itself, and answers as usual."""
    replica = start(*variant.settings, "server.delay.minSeconds=0", "server.delay.maxSeconds=0.01")
    for given in ("1000000", "-1", "1.5", "x", "", "1e5", "0,9", "nan"):
        answer = replica.get("/", **JSON, **{HEADER: given})
        assert answer.status == 200
        assert answer.json["delay_seconds"] < 30


@pytest.mark.parametrize(
    ("given", "expected"),
    [("0", 2), ("1", 6), ("0.25", 3), ("1.0", 6), ("0.000000000", 2), ("1.000000000", 6)],
)
def test_draw_says_how_far_between_the_two_ends(given: str, expected: float) -> None:
    """0 is the shortest delay, 1 the longest."""
    assert delay_seconds(TWO_TO_SIX, given) == expected


@pytest.mark.parametrize("given", [None, "", "2", "-0", "+0", "1.1", ".5", "0x0", "٠", "0.5\n"])
def test_invalid_draw_leaves_the_delay_to_chance(given: str | None) -> None:
    """The delay lies in its range, not where a careless parser would put it."""
    drawn = {delay_seconds(TWO_TO_SIX, given) for _ in range(20)}
    assert len(drawn) == 20
    assert all(2 <= one <= 6 for one in drawn)
