"""What a replica knows of its connections: number, age, and requests carried.

A connection is known by its socket object, which lives exactly as long as the
connection does; the register holds it weakly, so nothing has to say "closed".
Only connections that carried a `GET /` get a number: probes do not count.
"""

import itertools
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from long_lived.settings.sections.connection_limits import ConnectionLimits, Lifetime

if TYPE_CHECKING:
    from long_lived.server.watch import Watch


@dataclass
class _Record:
    opened_at: float
    lifetime: Lifetime
    number: int = 0
    requests: int = 0


@dataclass(frozen=True)
class Connection:
    """One connection as one of its requests found it."""

    number: int
    """1, 2, 3 … on this replica, in the order of their first `GET /`."""

    requests: int
    """`GET /` requests it has carried, this one included."""

    opened_at: float
    """When it was accepted, in seconds of the register's clock."""

    lifetime: Lifetime
    """Its own limits."""


class Connections:
    """The register of one replica; every method may be called from any thread."""

    def __init__(
        self, limits: ConnectionLimits | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Start empty; each connection draws its own lifetime from `limits`."""
        self._limits = limits or ConnectionLimits()
        self._clock = clock
        self._numbers = itertools.count(1)
        self._records: WeakKeyDictionary[object, _Record] = WeakKeyDictionary()
        self._lock = threading.Lock()
        self._count = 0
        self.watch: Watch | None = None
        """Follows connections to their ends, where metrics are asked for."""

    @property
    def count(self) -> int:
        """How many connections have carried a `GET /` so far."""
        return self._count

    def opened(self, socket: object) -> None:
        """Note that `socket` was accepted now; a second call changes nothing."""
        with self._lock:
            if socket not in self._records:
                self._records[socket] = self._record()

    def carry(self, socket: object | None) -> Connection:
        """Count a `GET /` on `socket`; None means a connection of its own."""
        with self._lock:
            record = self._records.get(socket) if socket is not None else None
            if record is None:
                record = self._record()
                if socket is not None:
                    self._records[socket] = record
            if not record.number:
                record.number = self._count = next(self._numbers)
            record.requests += 1
            found = Connection(record.number, record.requests, record.opened_at, record.lifetime)
            if self.watch is not None and socket is not None:
                self.watch.carry(socket, found)
            return found

    def age_seconds(self, connection: Connection) -> float:
        """Return how long ago `connection` was opened."""
        return self._clock() - connection.opened_at

    def at_its_limit(self, connection: Connection) -> bool:
        """Tell whether the answer that is sent now must be the last on `connection`."""
        return (
            connection.requests >= connection.lifetime.requests
            or self.age_seconds(connection) >= connection.lifetime.age_seconds
        )

    def _record(self) -> _Record:
        return _Record(self._clock(), self._limits.lifetime(random.uniform))
