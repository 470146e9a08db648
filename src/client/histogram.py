"""A histogram of durations that can be merged: percentiles of many clients need one.

Bins grow by a constant factor, so that every percentile is right within 1 % of its
value; minimum and maximum are exact. Source: DDSketch (Masson, Rim, Lee, VLDB 2019),
without its collapsing of bins, which a range from 0.1 ms to a day (1040 bins at the
most) does not need.
"""

import math
from collections import Counter
from collections.abc import Iterable
from typing import Any

RELATIVE_ERROR = 0.01
_GROWTH = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
_LOG_GROWTH = math.log(_GROWTH)
_FLOOR_SECONDS = 1e-4
_ZERO_BIN = math.ceil(math.log(_FLOOR_SECONDS) / _LOG_GROWTH)
"""Durations at or below the floor count as the floor: less than a scheduler tick means nothing."""


class Histogram:
    """Counts of durations in seconds. Not thread-safe: the ledger's lock guards it."""

    def __init__(self) -> None:
        """Start empty."""
        self._bins: Counter[int] = Counter()
        self.count = 0
        self._minimum = math.inf
        self._maximum = -math.inf

    def add(self, seconds: float) -> None:
        """Count one duration."""
        self._bins[_bin(seconds)] += 1
        self.count += 1
        self._minimum = min(self._minimum, seconds)
        self._maximum = max(self._maximum, seconds)

    def percentile(self, share: float) -> float | None:
        """Tell the duration that `share` (0 to 1) of all do not exceed; None where empty."""
        if not self.count:
            return None
        rank, seen = max(1, math.ceil(share * self.count)), 0
        for index in sorted(self._bins):
            seen += self._bins[index]
            if seen >= rank:
                middle = 2 * _GROWTH**index / (_GROWTH + 1)
                return min(max(middle, self._minimum), self._maximum)
        raise AssertionError("unreachable")

    def as_dict(self) -> dict[str, Any]:
        """Return percentiles, and the bins that a merge needs."""
        if not self.count:
            return {"count": 0, "p50": None, "p90": None, "p99": None, "max": None, "bins": {}}
        shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
        return {
            "count": self.count,
            **{name: round(self.percentile(share) or 0.0, 6) for name, share in shares.items()},
            "min": self._minimum,
            "max": self._maximum,
            "bins": {str(index): self._bins[index] for index in sorted(self._bins)},
        }

    @classmethod
    def merged(cls, parts: Iterable[dict[str, Any]]) -> "Histogram":
        """Add up what `as_dict` returned."""
        whole = cls()
        for part in parts:
            if part["count"]:
                whole.count += part["count"]
                whole._minimum = min(whole._minimum, part["min"])
                whole._maximum = max(whole._maximum, part["max"])
                whole._bins.update({int(index): count for index, count in part["bins"].items()})
        return whole


def _bin(seconds: float) -> int:
    return max(_ZERO_BIN, math.ceil(math.log(seconds) / _LOG_GROWTH)) if seconds > 0 else _ZERO_BIN
