"""Stalls: waits of the client that took longer than it asked for."""

import pytest

from long_lived.client.stalls import NOTED_SECONDS, Stalls
from long_lived.record import summary


@pytest.mark.parametrize(
    ("late", "count"), [(0.0, 0), (NOTED_SECONDS - 0.01, 0), (NOTED_SECONDS, 1), (8.0, 1)]
)
def test_stall_counts_from_half_a_second_on(late: float, count: int) -> None:
    """A busy machine makes every wait a little longer, which is not a stall."""
    stalls = Stalls()
    stalls.note(10.0, 0.25, 0.25 + late)
    assert stalls.count == count
    assert stalls.total_seconds == (pytest.approx(late) if count else 0.0)


def test_longest_stall_is_kept_with_its_time() -> None:
    """All stalls are added up, and the longest is kept apart."""
    stalls = Stalls()
    for began, took in ((1.0, 2.0), (5.0, 9.0), (20.0, 3.0)):
        stalls.note(began, 1.0, took)
    assert stalls.as_record() == summary.Stalls(
        count=3, total_seconds=11.0, longest_seconds=8.0, longest_at_seconds=5.0
    )
