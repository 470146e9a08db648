"""The counts of one replica: requests in flight, answers given, connections.

The counts of a request change before its answer is written, so a client that
has its answer finds it counted in /stats.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from long_lived.server.connections import Connection, Connections


@dataclass(frozen=True)
class Arrival:
    """What one `GET /` found when it arrived."""

    in_flight: int
    """Requests in flight on this replica, this one included."""

    connection: Connection


class Replica:
    """One serving copy of the server, as its answers describe it; thread-safe."""

    def __init__(self, pod: str, runtime: str) -> None:
        self.pod = pod
        self.runtime = runtime
        self.connections = Connections()
        self._lock = threading.Lock()
        self._in_flight = 0
        self._answered = 0

    @property
    def in_flight(self) -> int:
        """`GET /` requests that wait for their answer now."""
        return self._in_flight

    @contextmanager
    def request(self, socket: object | None) -> Iterator[Arrival]:
        """Count a `GET /` in flight on `socket`, and answered unless the block raises."""
        connection = self.connections.carry(socket)
        with self._lock:
            self._in_flight += 1
            arrival = Arrival(self._in_flight, connection)
        answered = 0
        try:
            yield arrival
            answered = 1
        finally:
            with self._lock:
                self._in_flight -= 1
                self._answered += answered

    def stats(self) -> dict[str, object]:
        """Return the counts as /stats gives them."""
        with self._lock:
            return {
                "pod": self.pod,
                "runtime": self.runtime,
                "answered": self._answered,
                "in_flight": self._in_flight,
                "connections": self.connections.count,
            }

    def farewell(self) -> str:
        """Return the last line of a replica's log."""
        return (
            f"Stopped pod={self.pod} answered={self._answered} "
            f"connections={self.connections.count} in_flight={self._in_flight}"
        )
