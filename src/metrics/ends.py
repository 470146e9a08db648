"""How connections ended: how many, why, how old, and how used they were."""

import threading
import time
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from long_lived.metrics.closing import Closing
from long_lived.metrics.definition import AGE, REQUESTS

SETTLING_SECONDS = 1.0
"""How long after its end a connection is counted: a client closes one before it enters the last
answer that came over it."""


class Carrier(Protocol):
    """A connection, as whoever had it keeps it."""

    requests: int


One = TypeVar("One", bound=Carrier)


class Distribution:
    """A cumulative histogram."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        """Start empty."""
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Count one value; a bucket includes its upper bound."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value


@dataclass
class Ended:
    """What the connections to one replica did until they closed."""

    reasons: Counter[Closing] = field(default_factory=Counter)
    ages: Distribution = field(default_factory=lambda: Distribution(AGE.buckets))
    requests: Distribution = field(default_factory=lambda: Distribution(REQUESTS.buckets))

    @property
    def total(self) -> int:
        """How many there are."""
        return self.reasons.total()


class Ends(Generic[One]):
    """All ended connections, by replica. Thread-safe; `note` also in a weak reference's callback.

    There a lock must not be waited for: garbage may be collected in whoever holds it.
    """

    def __init__(
        self, replica_of: Callable[[One], str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Start empty; `replica_of` names whose a connection was, once it has settled."""
        self._replica_of, self._clock = replica_of, clock
        self._pending: deque[tuple[float, One, float, Closing]] = deque()
        self._by_replica: dict[str, Ended] = {}
        self._lock = threading.Lock()

    def note(self, one: One, age_seconds: float, reason: Closing) -> None:
        """Take in that a connection has closed; it is counted a moment later."""
        self._pending.append((self._clock(), one, age_seconds, reason))
        if self._lock.acquire(blocking=False):
            try:
                self._settle()
            finally:
                self._lock.release()

    def by_replica(self) -> dict[str, Ended]:
        """Return what has settled; the caller must only read it."""
        with self._lock:
            self._settle()
            return dict(self._by_replica)

    def _settle(self) -> None:
        due = self._clock() - SETTLING_SECONDS
        while self._pending and self._pending[0][0] <= due:
            _, one, age_seconds, reason = self._pending.popleft()
            ended = self._by_replica.setdefault(self._replica_of(one), Ended())
            ended.reasons[reason] += 1
            ended.ages.observe(age_seconds)
            ended.requests.observe(one.requests)
