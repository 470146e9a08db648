"""Evenness: what the replica with fewest has, as a part of its fair share."""

import pytest

from long_lived.metrics.evenness import LastMinute, evenness


@pytest.mark.parametrize(
    ("counts", "replicas", "ratio"),
    [
        ({"a": 10, "b": 10}, 0, 1.0),
        ({"a": 5, "b": 15}, 0, 0.5),
        ({"a": 30, "b": 0}, 0, 0.0),
        ({"a": 10, "b": 10}, 3, 0.0),
        ({"a": 10}, 1, 1.0),
        ({"a": 0}, 3, None),
        ({}, 3, None),
    ],
    ids=["uniform", "half", "nothing", "one-is-missing", "alone", "no-answers", "nobody"],
)
def test_evenness(counts: dict[str, int], replicas: int, ratio: float | None) -> None:
    """1 is uniform, 0 says that one has nothing, and of nothing there is none."""
    assert evenness(counts, replicas) == ratio


def test_last_minute_forgets_what_was_before() -> None:
    """A replica that answered only before is not of the last minute."""
    lately = LastMinute()
    for now in range(0, 121, 5):
        lately.remember(float(now), {"old": min(now, 50), "new": now})
    assert lately.since({"old": 50, "new": 130}) == {"new": 70}


def test_last_minute_begins_with_all_that_there_is() -> None:
    """Before the first note everything is recent."""
    assert LastMinute().since({"a": 3, "b": 0}) == {"a": 3}
