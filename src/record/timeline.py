"""What happened when: counts per bucket of time and pod, bounded whatever the run's length.

Buckets lie at whole multiples of their width since 1970, and a width doubles when
there are too many: so the timelines of several clients add up without a remainder.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Literal, get_args

from long_lived.record.base import Record

Series = Literal["sent", "answered", "opened", "closed", "failed", "failed_ended"]
"""`sent` has one key, "all"; answered, opened and closed have pods. Failures have "KIND POD", or
"KIND" where the pod is not known: `failed` by when the request was sent, `failed_ended` by when it
failed, which may be half a minute later."""

SERIES: tuple[Series, ...] = get_args(Series)

UNATTRIBUTED = ""
"""Stands for the pod of a connection that closed, or was left open, before its first answer."""

FINEST_SECONDS = 0.25
MOST_BUCKETS = 240
"""A minute in quarters of a second, ten minutes in 4 s: fine enough to see a restart, and
a summary of some ten kilobytes."""


class TimelineCounts(Record):
    """What a timeline held: of each series its keys, of each key its buckets with their counts.

    Buckets are numbered from 0; empty ones are left out, which with many replicas are most.
    """

    start_unix_seconds: float | None
    """When the first bucket begins; None where nothing happened."""
    bucket_seconds: float
    buckets: int
    sent: dict[str, dict[int, int]]
    answered: dict[str, dict[int, int]]
    opened: dict[str, dict[int, int]]
    closed: dict[str, dict[int, int]]
    failed: dict[str, dict[int, int]]
    failed_ended: dict[str, dict[int, int]]

    def of(self, series: Series) -> dict[str, dict[int, int]]:
        """Return one series."""
        counts: dict[str, dict[int, int]] = getattr(self, series)
        return counts


class Timeline:
    """Counts by series, key and bucket. Not thread-safe: the ledger's lock guards it."""

    def __init__(self, bucket_seconds: float = FINEST_SECONDS) -> None:
        """Start empty."""
        self.bucket_seconds = bucket_seconds
        self._counts: dict[Series, dict[str, Counter[int]]] = {
            name: defaultdict(Counter) for name in SERIES
        }
        self._first: int | None = None
        self._last = 0

    def add(self, series: Series, key: str, unix_seconds: float, count: int = 1) -> None:
        """Count an event."""
        index = math.floor(unix_seconds / self.bucket_seconds)
        self._counts[series][key][index] += count
        if index != self._last or self._first is None:
            self._reach(index)
            self._shrink()

    def as_record(self) -> TimelineCounts:
        """Return what is kept, with buckets from the first event's to the last's."""
        first = self._first
        return TimelineCounts(
            start_unix_seconds=None if first is None else first * self.bucket_seconds,
            bucket_seconds=self.bucket_seconds,
            buckets=0 if first is None else self._last + 1 - first,
            **{
                name: {
                    key: {index - (first or 0): counts[index] for index in sorted(counts)}
                    for key, counts in sorted(keys.items())
                }
                for name, keys in self._counts.items()
            },
        )

    @classmethod
    def merged(
        cls, parts: Sequence[TimelineCounts], lags_seconds: Sequence[float] = ()
    ) -> "Timeline":
        """Add up what `as_record` returned, with all times by the clock of the caller.

        `lags_seconds` says how far each part's clock is behind; empty means not at all. A bucket
        that then spans two goes to the one that contains its middle.
        """
        lags = lags_seconds or [0.0] * len(parts)
        filled = [
            (part, part.start_unix_seconds, lag)
            for part, lag in zip(parts, lags, strict=True)
            if part.start_unix_seconds is not None
        ]
        whole = cls(max((part.bucket_seconds for part, *_ in filled), default=FINEST_SECONDS))
        for part, start, lag in filled:
            middle = start + 0.5 * part.bucket_seconds + lag
            into = [
                math.floor((middle + bucket * part.bucket_seconds) / whole.bucket_seconds)
                for bucket in range(part.buckets)
            ]
            whole._reach(into[0])
            whole._reach(into[-1])
            for name in SERIES:
                for key, counts in part.of(name).items():
                    sums = whole._counts[name][key]
                    for bucket, count in counts.items():
                        sums[into[bucket]] += count
        whole._shrink()
        return whole

    def _reach(self, index: int) -> None:
        """Make the timeline go as far as a bucket."""
        if self._first is None:
            self._first = self._last = index
        elif index > self._last:
            self._last = index
        elif index < self._first:
            self._first = index

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
