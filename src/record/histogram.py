"""A histogram of durations that can be merged: percentiles of many clients need one.

Bins grow by a constant factor, so that every percentile is right within a constant part of its
value (1 % unless told otherwise); minimum and maximum are exact. Source: DDSketch (Masson, Rim,
Lee, VLDB 2019), without its collapsing of bins, which a range from 0.1 ms to a day (at most 1040
bins) does not need.
"""

import math
from collections import Counter
from collections.abc import Iterable

from pydantic import Field

from long_lived.record.base import Record

FINE, MEDIUM, COARSE = 0.01, 0.05, 0.1
"""Relative errors: of the run's durations, and of ages and durations kept for each replica."""

_FLOOR_SECONDS = 1e-4
"""Durations at or below the floor count as the floor: less than a scheduler tick means nothing."""

MOST_PENDING = 256
"""Durations that are added before they are sorted into bins together, which takes a fraction of one
at a time: five histograms take in each request."""


def growth(relative_error: float) -> float:
    """Return by which factor the bins grow: bin i ends at its i-th power."""
    return (1 + relative_error) / (1 - relative_error)


class Durations(Record):
    """What a histogram held: its percentiles, and the bins that a merge needs.

    Without any durations there are no percentiles and no extremes; JSON then leaves `min` out.
    """

    count: int
    p50: float | None = None
    p90: float | None = None
    p99: float | None = None
    min: float | None = Field(None, exclude_if=lambda least: least is None)
    max: float | None = None
    bins: dict[int, int]


class Histogram:
    """Counts of durations in seconds. Not thread-safe: the ledger's lock guards it."""

    def __init__(self, relative_error: float = FINE) -> None:
        """Start empty. Only histograms of one relative error can be merged."""
        self._relative_error = relative_error
        self._growth = growth(relative_error)
        self._log_growth = math.log(self._growth)
        self._zero_bin = math.ceil(math.log(_FLOOR_SECONDS) / self._log_growth)
        self._bins: Counter[int] = Counter()
        self._pending: list[float] = []
        self._folded = 0
        self._minimum = math.inf
        self._maximum = -math.inf

    @property
    def count(self) -> int:
        """How many durations there are."""
        return self._folded + len(self._pending)

    def add(self, seconds: float) -> None:
        """Count one duration.

        Raises:
            ValueError: it is infinite or NaN.
        """
        if not seconds < math.inf:
            raise ValueError(f"{seconds} is no duration: neither infinite nor NaN is allowed")
        self._pending.append(seconds)
        if len(self._pending) >= MOST_PENDING:
            self._fold()

    def percentile(self, share: float) -> float | None:
        """Tell the duration that `share` (0 to 1) of all do not exceed; None where empty."""
        if not self.count:
            return None
        self._fold()
        rank, seen = max(1, math.ceil(share * self.count)), 0
        for index in sorted(self._bins):
            seen += self._bins[index]
            if seen >= rank:
                middle = 2 * self._growth**index / (self._growth + 1)
                return min(max(middle, self._minimum), self._maximum)
        raise AssertionError("unreachable")

    def as_record(self) -> Durations:
        """Return what is kept."""
        if not self.count:
            return Durations(count=0, bins={})
        self._fold()
        return Durations(
            count=self.count,
            p50=self._rounded(0.5),
            p90=self._rounded(0.9),
            p99=self._rounded(0.99),
            min=self._minimum,
            max=self._maximum,
            bins={index: self._bins[index] for index in sorted(self._bins)},
        )

    @classmethod
    def merged(cls, parts: Iterable[Durations], relative_error: float = FINE) -> "Histogram":
        """Add up what `as_record` returned."""
        whole = cls(relative_error)
        bins = whole._bins
        for part in parts:
            if part.min is not None and part.max is not None:
                whole._folded += part.count
                whole._minimum = min(whole._minimum, part.min)
                whole._maximum = max(whole._maximum, part.max)
                for index, count in part.bins.items():  # few: Counter.update would take twice that
                    bins[index] += count
        return whole

    def _rounded(self, share: float) -> float:
        return round(self.percentile(share) or 0.0, 6)

    def _fold(self) -> None:
        """Sort the durations that were added since the last time into their bins."""
        if not self._pending:
            return
        log, log_growth, zero_bin = math.log, self._log_growth, self._zero_bin
        self._bins.update(
            [
                math.ceil(log(seconds) / log_growth) if seconds > _FLOOR_SECONDS else zero_bin
                for seconds in self._pending
            ]
        )
        self._minimum = min(self._minimum, *self._pending)
        self._maximum = max(self._maximum, *self._pending)
        self._folded += len(self._pending)
        self._pending.clear()
