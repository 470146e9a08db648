"""The steps of a rollout: never above its surge, never too few, and to the end."""

import hypothesis
import hypothesis.strategies as some
import pytest

from long_lived.lab.local.rollout import Rollout


@pytest.mark.parametrize(
    ("old", "new", "ready", "surge", "unavailable", "steps"),
    [
        (3, 0, 0, 1, 0, (0, 1)),
        (3, 1, 0, 1, 0, (0, 0)),
        (3, 1, 1, 1, 0, (1, 1)),
        (1, 3, 3, 1, 0, (1, 0)),
        (3, 0, 0, 0, 1, (1, 1)),
        (2, 1, 0, 0, 1, (0, 0)),
        (3, 0, 0, 1, 1, (1, 2)),
        (3, 0, 0, 9, 0, (0, 3)),
        (3, 0, 0, 0, 9, (3, 3)),
        (0, 3, 3, 1, 0, (0, 0)),
    ],
)
def test_step_is_that_of_a_deployment(
    old: int, new: int, ready: int, surge: int, unavailable: int, steps: tuple[int, int]
) -> None:
    """An old one goes when a new one is ready, or earlier if some may be unavailable."""
    state = Rollout(3, surge, unavailable, old, new, ready)
    assert (state.to_stop(), state.to_start()) == steps


@hypothesis.settings(deadline=None, max_examples=60)
@hypothesis.given(some.data(), some.integers(1, 8), some.integers(0, 4), some.integers(0, 4))
def test_rollout_keeps_its_bounds_and_comes_to_its_end(
    data: some.DataObject, replicas: int, surge: int, unavailable: int
) -> None:
    """In whatever order new ones become ready, each step keeps the bounds, and all are replaced."""
    hypothesis.assume(surge or unavailable)
    old, new, ready = replicas, 0, 0
    while old or ready < replicas:
        state = Rollout(replicas, surge, unavailable, old, new, ready)
        stop, start = state.to_stop(), state.to_start()
        old, new = old - stop, new + start
        assert old + new <= replicas + surge
        assert old + ready >= replicas - unavailable
        assert stop or start or ready < new, "nothing would ever happen again"
        if ready < new:
            ready += data.draw(some.integers(1 if not (stop or start) else 0, new - ready))
    assert new == replicas
