"""Simulated restarts: chance is rarely called uneven, and a clear lack is never called chance."""

import math
import random
from collections.abc import Callable

import pytest
from tests.lab.analysis.events.story import Story, per_request, pinned, reassigned

from long_lived.lab.analysis.judged import Unit
from long_lived.lab.analysis.power import LEVEL

RUNS = 800


@pytest.mark.parametrize("tell", [reassigned, per_request], ids=["kept", "per-request"])
def test_random_balancing_after_a_restart_is_rarely_called_uneven(
    tell: Callable[[random.Random], Story],
) -> None:
    """False alarms in 800 restarts stay within five deviations of what LEVEL promises."""
    rng = random.Random(20_261_125)
    alarms = nevers = 0
    for _ in range(RUNS):
        story = tell(rng)
        found = story.effect()
        what = story.judged(found)
        assert what.unit is (Unit.HELD if tell is reassigned else Unit.OPENED)
        assert what.spread.enough
        alarms += not what.spread.within_chance
        nevers += found.seconds_to_even is None
    assert alarms <= RUNS * LEVEL + 5 * math.sqrt(RUNS * LEVEL * (1 - LEVEL))
    assert nevers <= alarms


@pytest.mark.parametrize("ratio", [0.0, 0.1], ids=["nothing", "a-tenth"])
@pytest.mark.parametrize("tell", [pinned, per_request], ids=["kept", "per-request"])
def test_replacement_that_gets_next_to_nothing_is_never_called_chance(
    tell: Callable[[random.Random, float], Story], ratio: float
) -> None:
    """Every run reveals a tenth of a share, or nothing; only kept connections are pinned."""
    rng = random.Random(20_261_126)
    for _ in range(RUNS // 4):
        story = tell(rng, ratio)
        found = story.effect()
        assert not story.judged(found).spread.within_chance
        assert story.pinned(found) is (tell is pinned)
        assert found.seconds_to_even is None
        assert not found.too_few_to_tell
