"""The timeline of a run, read: what each replica did when, and which connections it held.

A bucket is addressed by its index, a stretch of time by `first` and `end`, as in range().
"""

import math
from itertools import accumulate

from long_lived.record.timeline import SERIES, Series, TimelineCounts

CLOSED_AFTER_EACH_RATIO = 0.9
"""Connections closed per answer from which each request counts as having its own: it is 1 where
either side closes after every answer, and at most 0.5 where one carries two requests or more."""


class History:
    """A timeline with the clock of its run."""

    def __init__(self, timeline: TimelineCounts, started_unix_seconds: float) -> None:
        """Read `timeline` of a run whose clock started at `started_unix_seconds`."""
        self.buckets = timeline.buckets
        self.bucket_seconds = timeline.bucket_seconds
        self.started_unix_seconds = started_unix_seconds
        self._start = timeline.start_unix_seconds or started_unix_seconds
        # Dense, because a stretch of time is asked for again and again.
        self._counts = {
            series: {
                key: [counts.get(bucket, 0) for bucket in range(self.buckets)]
                for key, counts in timeline.of(series).items()
            }
            for series in SERIES
        }
        self._nothing = [0] * self.buckets
        opened, closed = timeline.opened, timeline.closed
        self._held = {
            replica: list(
                accumulate(
                    more - less
                    for more, less in zip(
                        self.counts("opened", replica), self.counts("closed", replica), strict=True
                    )
                )
            )
            for replica in {*opened, *closed}
        }
        self._held_by_all = [
            sum(each) for each in zip(self._nothing, *self._held.values(), strict=True)
        ]
        answered, ended = (
            sum(sum(counts.values()) for counts in keys.values())
            for keys in (timeline.answered, closed)
        )
        self._kept = ended < CLOSED_AFTER_EACH_RATIO * answered

    def bucket(self, unix_seconds: float) -> int:
        """Tell which bucket a moment falls into, from 0 to `buckets` (after the last)."""
        index = math.floor((unix_seconds - self._start) / self.bucket_seconds)
        return min(max(index, 0), self.buckets)

    def bucket_at(self, seconds: float) -> int:
        """Tell which bucket a moment falls into, in seconds since the clock started."""
        return self.bucket(self.started_unix_seconds + seconds)

    def elapsed_seconds(self, unix_seconds: float) -> float:
        """Tell how long after the start of the clock a moment is; 0 for one before it."""
        return max(0.0, unix_seconds - self.started_unix_seconds)

    def seconds(self, bucket: int) -> float:
        """Tell when a bucket begins, in seconds since the clock started; never negative."""
        at = self._start + bucket * self.bucket_seconds - self.started_unix_seconds
        return round(max(0.0, at), 3)

    def unix_seconds(self, bucket: int) -> float:
        """Tell when a bucket begins."""
        return self._start + bucket * self.bucket_seconds

    def replicas(self) -> list[str]:
        """List the replicas that answered, by name."""
        return sorted(self._counts["answered"])

    def counts(self, series: Series, key: str) -> list[int]:
        """Return the counts of all buckets."""
        return self._counts[series].get(key, self._nothing)

    def count(self, series: Series, key: str, first: int, end: int) -> int:
        """Add up one key's counts from bucket `first` to before `end`."""
        return sum(self.counts(series, key)[first:end])

    def by_key(self, series: Series, first: int, end: int) -> dict[str, int]:
        """Add up the counts of each key; keys without any are left out."""
        sums = {key: sum(counts[first:end]) for key, counts in self._counts[series].items()}
        return {key: count for key, count in sorted(sums.items()) if count}

    def failures(self, first: int, end: int, *, ended: bool = False) -> dict[str, dict[str, int]]:
        """Add up failures by kind, and by replica within; the replica is empty where unknown.

        Of the requests that were sent from bucket `first` to before `end`, or with `ended` of
        those that failed then.
        """
        found: dict[str, dict[str, int]] = {}
        for key, count in self._failed(first, end, ended).items():
            kind, _, replica = key.partition(" ")
            found.setdefault(kind, {})[replica] = count
        return found

    def failed(self, first: int, end: int, *, ended: bool = False) -> int:
        """Count the failures of `failures`."""
        return sum(self._failed(first, end, ended).values())

    def _failed(self, first: int, end: int, ended: bool) -> dict[str, int]:
        return self.by_key("failed_ended" if ended else "failed", first, end)

    def held(self, replica: str, bucket: int) -> int:
        """Tell how many connections a replica has at the end of `bucket`; 0 before the first."""
        held = self._held.get(replica)
        return held[min(bucket, self.buckets - 1)] if held and bucket >= 0 else 0

    def kept(self) -> bool:
        """Tell whether connections outlive their requests, by what happened in the run."""
        return self._kept

    def load_end(self, first: int = 0) -> int:
        """Tell where the load ends: after the last bucket with half of the most connections.

        What follows is the tail in which the last answers come in and connections close. Of the
        buckets from `first` on: after an event most users may be without a connection for half a
        minute, waiting for addresses that are gone, and that is not the end.
        """
        most = max(self._held_by_all[first:], default=0)
        return max(
            (i + 1 for i in range(first, self.buckets) if 2 * self._held_by_all[i] >= most),
            default=self.buckets,
        )
