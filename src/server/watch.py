"""The live metrics of a replica: its counts, and how its connections end.

A connection has ended when its socket object is gone, as in `connections`.
"""

import socket
import time
import weakref
from collections.abc import Iterable
from dataclasses import dataclass

from prometheus_client.metrics_core import Metric

from long_lived.metrics import definition
from long_lived.metrics.closing import Closing
from long_lived.metrics.ends import Ended, Ends
from long_lived.metrics.exporter import export
from long_lived.metrics.families import Families
from long_lived.server.connections import Connection
from long_lived.server.replica import Replica
from long_lived.server.runtimes import RUNTIMES
from long_lived.settings import Server


@dataclass(slots=True)
class _Life:
    """One connection that is open."""

    opened_at: float
    requests: int = 0
    answered_at: float = 0.0
    closing: Closing | None = None
    """Why the latest answer was its last; None where it was not to be."""


class Watch:
    """The connections of one replica that have carried a `GET /`, from then to their ends."""

    def __init__(self, pod: str, *, kept: bool, idle_timeout_seconds: float) -> None:
        """Start empty; `kept` says whether a connection carries more than one answer."""
        self._kept, self._idle_seconds = kept, idle_timeout_seconds
        self._open: dict[int, _Life] = {}  # oldest first
        self.ends: Ends[_Life] = Ends(lambda _: pod)

    @property
    def open(self) -> int:
        """How many are open."""
        return len(self._open)

    def oldest_age_seconds(self) -> float:
        """Tell how long the oldest that is open has been; 0 without any."""
        oldest = min((life.opened_at for life in list(self._open.values())), default=None)
        return 0.0 if oldest is None else time.monotonic() - oldest

    def carry(self, sock: object, connection: Connection) -> None:
        """Take note of a request on `connection`."""
        life = self._open.get(connection.number)
        if life is None:
            life = self._open[connection.number] = _Life(connection.opened_at)
            weakref.finalize(sock, self._end, connection.number).atexit = False
        life.requests, life.answered_at, life.closing = connection.requests, 0.0, None

    def answer(self, connection: Connection, retired: bool, announced: bool) -> None:
        """Take note of an answer, and whether it is the last because of a limit or the client."""
        life = self._open.get(connection.number)
        if life is None:
            return
        life.answered_at = time.monotonic()
        if retired:
            life.closing = Closing.RETIRED
        elif announced or not self._kept:
            life.closing = Closing.ANSWERED

    def _end(self, number: int) -> None:
        """Enter an end, maybe in the midst of anything: without a lock."""
        life, now = self._open.pop(number), time.monotonic()
        silent = life.answered_at and now - life.answered_at >= self._idle_seconds > 0
        reason = life.closing or (Closing.IDLE if silent else Closing.PEER)
        self.ends.note(life, now - life.opened_at, reason)


def export_counts(replica: Replica, server: Server, listener: socket.socket) -> None:
    """Follow the connections of `replica` from now on, and answer scrapes."""
    started = time.time()
    watch = replica.connections.watch = Watch(
        replica.pod,
        kept=RUNTIMES[server.runtime].keep_alive(server).kept,
        idle_timeout_seconds=server.keep_alive.idle_timeout_seconds,
    )

    def collect() -> Iterable[Metric]:
        families, pod, counts = Families("server"), replica.pod, replica.stats()
        families.add(definition.STARTED, started, pod)
        families.add(definition.IN_FLIGHT, counts.in_flight, pod)
        families.add(definition.ANSWERED, counts.answered, pod)
        families.add(definition.FAILED, replica.failed, pod, definition.SERVER_ERROR)
        families.add(definition.OPEN, watch.open, pod)
        families.add(definition.OPENED, counts.connections, pod)
        families.add(definition.OLDEST, watch.oldest_age_seconds(), pod)
        families.add_ended(watch.ends.by_replica().get(pod, Ended()), pod)
        return families.all()

    export(listener, collect)
