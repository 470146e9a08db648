"""What a draw makes of the range of delays; test_contract has what runtimes make of it."""

import pytest

from long_lived.server.delay import delay_seconds
from long_lived.settings.sections.server import Delay

TWO_TO_SIX = Delay.model_validate({"minSeconds": 2, "maxSeconds": 6})


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
