"""How even the answers of the last minute are, from counts that only grow."""

from collections import deque
from collections.abc import Mapping

from long_lived.metrics.definition import EVENNESS_SECONDS

STEP_SECONDS = 5.0
"""How often the counts are remembered."""


def evenness(counts: Mapping[str, float], replicas: int = 0) -> float | None:
    """Return what the replica with fewest has, as a part of its fair share; None of nothing.

    At least `replicas` are there: who has no count has nothing.
    """
    total, many = sum(counts.values()), max(replicas, len(counts))
    if not total:
        return None
    return 0.0 if many > len(counts) else min(counts.values()) * many / total


class LastMinute:
    """Counts by replica, as they were up to a minute ago. For one thread."""

    def __init__(self) -> None:
        """Start empty: what was counted before is not of the last minute."""
        self._kept: deque[tuple[float, dict[str, int]]] = deque()

    def remember(self, now: float, counts: Mapping[str, int]) -> None:
        """Take note of the counts, if the latest note is old enough."""
        if self._kept and now - self._kept[-1][0] < STEP_SECONDS:
            return
        self._kept.append((now, dict(counts)))
        while len(self._kept) > 1 and self._kept[1][0] <= now - EVENNESS_SECONDS:
            self._kept.popleft()

    def since(self, counts: Mapping[str, int]) -> dict[str, int]:
        """Return what was added, of the replicas that have any."""
        before = self._kept[0][1] if self._kept else {}
        added = {name: count - before.get(name, 0) for name, count in counts.items()}
        return {name: count for name, count in added.items() if count}
