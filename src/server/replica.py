"""What one replica knows of itself: its instance, requests in flight, answers given, connections.

The counts change before an answer is written, so a client that has its answer finds it
counted in /stats.
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from long_lived.record.replica_counts import ReplicaCounts
from long_lived.server.clients import UNKNOWN, AnsweredTo
from long_lived.server.connections import Connection, Connections
from long_lived.settings.sections.connection_limits import ConnectionLimits

INSTANCE_BYTES = 8


@dataclass(frozen=True)
class Arrival:
    """What one `GET /` found when it arrived."""

    in_flight: int
    """Requests in flight on this replica, this one included."""

    connection: Connection


class Replica:
    """One serving copy of the server, as its answers describe it; thread-safe.

    Make it in the process that serves: `instance` tells one start under a name from the next.
    """

    def __init__(
        self,
        pod: str,
        runtime: str,
        balanced_at_random: bool | None = None,
        limits: ConnectionLimits | None = None,
    ) -> None:
        """Begin an instance.

        Args:
            pod: its name.
            runtime: what serves.
            balanced_at_random: whether the kernel chooses at random among the replicas that
                share the port; None where it is not shared.
            limits: how long a connection lives; None means without limit.
        """
        self.pod = pod
        self.runtime = runtime
        self.instance = os.urandom(INSTANCE_BYTES).hex()
        self.connections = Connections(limits)
        self._balanced_at_random = balanced_at_random
        self._started_at = time.monotonic()
        self._cpu_before_seconds = time.process_time()
        self._answered_to = AnsweredTo()
        self._lock = threading.Lock()
        self._in_flight = 0
        self._answered = 0
        self._failed = 0

    @property
    def in_flight(self) -> int:
        """`GET /` requests that are waiting for their answers."""
        return self._in_flight

    @property
    def failed(self) -> int:
        """`GET /` requests that an error ended without an answer."""
        return self._failed

    @property
    def uptime_seconds(self) -> float:
        """Seconds since this instance started, to the microsecond."""
        return round(time.monotonic() - self._started_at, 6)

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds that the process has used since this instance started."""
        return round(time.process_time() - self._cpu_before_seconds, 6)

    @contextmanager
    def request(self, socket: object | None, client: str = UNKNOWN) -> Iterator[Arrival]:
        """Count a `GET /` of `client` as in flight, then as answered unless the block raises."""
        connection = self.connections.carry(socket)
        with self._lock:
            self._in_flight += 1
            arrival = Arrival(self._in_flight, connection)
        answered = False
        try:
            yield arrival
            answered = True
        finally:
            with self._lock:
                self._in_flight -= 1
                if answered:
                    self._answered += 1
                    self._answered_to.count(client)
                else:
                    self._failed += 1

    def stats(self) -> ReplicaCounts:
        """Return what /stats answers."""
        with self._lock:
            return ReplicaCounts(
                pod=self.pod,
                runtime=self.runtime,
                instance=self.instance,
                uptime_seconds=self.uptime_seconds,
                cpu_seconds=self.cpu_seconds,
                balanced_at_random=self._balanced_at_random,
                answered=self._answered,
                answered_to=self._answered_to.as_dict(),
                in_flight=self._in_flight,
                connections=self.connections.count,
            )

    def greeting(self, addresses: str, worker_class: str = "") -> str:
        """Return the line that a replica logs when it begins to serve."""
        worker = f" worker={worker_class}" if worker_class else ""
        return f"Serving pod={self.pod} runtime={self.runtime}{worker} on {addresses}"

    def farewell(self) -> str:
        """Return the last line of a replica's log."""
        return (
            f"Stopped pod={self.pod} answered={self._answered} "
            f"connections={self.connections.count} in_flight={self._in_flight} "
            f"instance={self.instance}"
        )
