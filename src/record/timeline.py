"""What happened when: counts per bucket of time and pod, bounded whatever the run's length.

Buckets lie at whole multiples of their width since 1970, and a width doubles when
there are too many: so the timelines of several clients add up without a remainder.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

SERIES = ("sent", "answered", "opened", "closed", "failed", "failed_ended")
"""`sent` has one key, "all"; answered, opened and closed have pods. Failures have "KIND POD", or
"KIND" where the pod is not known: `failed` by when the request was sent, `failed_ended` by when it
failed, which may be half a minute later."""

UNATTRIBUTED = ""
"""Stands for the pod of a connection that closed, or was left open, before its first answer."""

FINEST_SECONDS = 0.25
MOST_BUCKETS = 240
"""A minute in quarters of a second, ten minutes in 4 s: fine enough to see a restart, and
a summary of some ten kilobytes."""


class Timeline:
    """Counts by series, key and bucket. Not thread-safe: the ledger's lock guards it."""

    def __init__(self, bucket_seconds: float = FINEST_SECONDS) -> None:
        """Start empty."""
        self.bucket_seconds = bucket_seconds
        self._counts: dict[str, dict[str, Counter[int]]] = {
            name: defaultdict(Counter) for name in SERIES
        }
        self._first: int | None = None
        self._last = 0

    def add(self, series: str, key: str, unix_seconds: float, count: int = 1) -> None:
        """Count an event."""
        self._put(series, key, math.floor(unix_seconds / self.bucket_seconds), count)
        self._shrink()

    def as_dict(self) -> dict[str, Any]:
        """Return equally long lists of counts from the first event's bucket to the last's."""
        if self._first is None:
            return {
                "start_unix_seconds": None,
                "bucket_seconds": self.bucket_seconds,
                "buckets": 0,
                **{name: {} for name in SERIES},
            }
        indices = range(self._first, self._last + 1)
        return {
            "start_unix_seconds": self._first * self.bucket_seconds,
            "bucket_seconds": self.bucket_seconds,
            "buckets": len(indices),
            **{
                name: {
                    key: [counts[index] for index in indices]
                    for key, counts in sorted(keys.items())
                }
                for name, keys in self._counts.items()
            },
        }

    @classmethod
    def merged(
        cls, parts: Sequence[dict[str, Any]], lags_seconds: Sequence[float] = ()
    ) -> "Timeline":
        """Add up what `as_dict` returned, each part by the clock of the one who adds up.

        `lags_seconds` says for each part by how much its clock is behind; none means nothing. A
        bucket that comes to lie across two goes to the one in which its middle lies.
        """
        lags = lags_seconds or [0.0] * len(parts)
        filled = [(part, lag) for part, lag in zip(parts, lags, strict=True) if part["buckets"]]
        whole = cls(max((part["bucket_seconds"] for part, _ in filled), default=FINEST_SECONDS))
        for part, lag in filled:
            for name in SERIES:
                for key, counts in part[name].items():
                    for offset, count in enumerate(counts):
                        if count:
                            middle = (offset + 0.5) * part["bucket_seconds"]
                            at = part["start_unix_seconds"] + middle + lag
                            whole._put(name, key, math.floor(at / whole.bucket_seconds), count)
        whole._shrink()
        return whole

    def _put(self, series: str, key: str, index: int, count: int) -> None:
        self._counts[series][key][index] += count
        if self._first is None:
            self._first = self._last = index
        self._first, self._last = min(self._first, index), max(self._last, index)

    def _shrink(self) -> None:
        while self._first is not None and self._last - self._first >= MOST_BUCKETS:
            self.bucket_seconds *= 2
            self._first //= 2
            self._last //= 2
            for keys in self._counts.values():
                for key, counts in keys.items():
                    halved: Counter[int] = Counter()
                    for index, count in counts.items():
                        halved[index // 2] += count
                    keys[key] = halved
