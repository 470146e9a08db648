"""How ended connections are counted, with a clock set by hand."""

from dataclasses import dataclass

from long_lived.metrics.closing import Closing
from long_lived.metrics.ends import SETTLING_SECONDS, Distribution, Ends


@dataclass
class Carrier:
    """A connection."""

    replica: str
    requests: int


def test_end_counts_once_it_has_settled_with_what_came_late() -> None:
    """The last answer, and whose it was, may be entered after the connection has closed."""
    now = [0.0]
    ends: Ends[Carrier] = Ends(lambda one: one.replica, lambda: now[0])
    late = Carrier("", 0)
    ends.note(late, 30.0, Closing.ANSWERED)
    assert ends.by_replica() == {}
    late.replica, late.requests = "a", 1
    now[0] = SETTLING_SECONDS
    (ended,) = ends.by_replica().values()
    assert (ended.total, dict(ended.reasons)) == (1, {Closing.ANSWERED: 1})
    assert (ended.requests.sum, ended.ages.sum) == (1, 30.0)
    assert set(ends.by_replica()) == {"a"}


def test_bucket_includes_its_upper_bound() -> None:
    """As `le` says; what is above all bounds is in the last."""
    values = Distribution((1.0, 5.0))
    for value in (0.5, 1.0, 1.5, 5.0, 9.0):
        values.observe(value)
    assert (values.counts, values.sum) == ([2, 2, 1], 17.0)
