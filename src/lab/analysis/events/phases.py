"""The phases of a run with an event: before, during, after.

`during` lasts from the beginning of the first change until the last one is over, and longer on
either side by what the clients' clocks may be off. A bucket belongs to one phase, and the one in
which the first change begins is the first of `during`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from long_lived.lab.analysis.events.change import Change
from long_lived.lab.analysis.history import History


class PhaseName(StrEnum):
    """Where a phase lies."""

    BEFORE = "before"
    DURING = "during"
    AFTER = "after"


@dataclass(frozen=True)
class Phase:
    """A stretch of buckets, from `first` to before `end`."""

    name: PhaseName
    first: int
    end: int


def phases(
    history: History, changes: Sequence[Change], uncertainty_seconds: float = 0.0
) -> list[Phase]:
    """Divide all buckets into phases, in order; an empty phase is left out.

    Where nothing changed there are none. Where a change was never over, `during` lasts to the end.
    """
    if not changes:
        return []
    first = min(one.began_unix_seconds for one in changes)
    begun = history.bucket(first - uncertainty_seconds)
    ends = [one.over_unix_seconds for one in changes]
    known = [at for at in ends if at is not None]
    over = history.buckets
    if len(known) == len(ends):
        over = max(
            begun, min(history.buckets, history.bucket(max(known) + uncertainty_seconds) + 1)
        )
    borders = [0, begun, over, history.buckets]
    return [
        Phase(name, first, end)
        for name, first, end in zip(PhaseName, borders, borders[1:], strict=False)
        if first < end
    ]
