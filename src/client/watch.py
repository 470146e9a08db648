"""The live metrics of a client: what its ledger and book have, and how its connections end."""

import time
from collections import Counter
from collections.abc import Iterable

from prometheus_client.metrics_core import Metric

from long_lived.client.ledger import Ledger
from long_lived.client.transport.connections import Connection, ConnectionBook
from long_lived.metrics import definition
from long_lived.metrics.closing import Closing
from long_lived.metrics.definition import MORE_REPLICAS, MOST_REPLICAS, VALUES
from long_lived.metrics.ends import Ends
from long_lived.metrics.evenness import LastMinute, evenness
from long_lived.metrics.exporter import export, listen
from long_lived.metrics.families import Families
from long_lived.settings import Settings

NOBODY = ""
"""Stands for the replica of what is no replica's, or not known to be."""


class Watch:
    """Reads the account while it goes on. What is read together may be a moment apart."""

    def __init__(self, settings: Settings, ledger: Ledger, book: ConnectionBook) -> None:
        """Follow connections to their ends from now on."""
        self._ledger, self._book = ledger, book
        self._replicas = settings.server.replicas or 0
        self._named: set[str] = set()
        self._ends: Ends[Connection] = Ends(lambda connection: self._name(connection.pod))
        self._last_minute = LastMinute()
        self._enter_close = book.on_close
        book.on_close = self._on_close

    def look(self) -> None:
        """Remember what has been answered by now."""
        self._last_minute.remember(time.monotonic(), self._answered())

    def collect(self) -> Iterable[Metric]:
        """Return the metrics."""
        families, ledger = Families("client"), self._ledger
        families.add(definition.STARTED, ledger.clock.started_unix_seconds, NOBODY)
        families.add(definition.IN_FLIGHT, ledger.progress().in_flight, NOBODY)
        for replica, count in self._answered().items():
            families.add(definition.ANSWERED, count, replica)
        failed = dict(ledger.failed_by_kind)
        for kind in VALUES["kind"]:
            if kind != definition.SERVER_ERROR:
                families.add(definition.FAILED, failed.get(kind, 0), NOBODY, kind)  # type: ignore[call-overload]
        self._add_connections(families)
        lately = evenness(self._last_minute.since(self._answered()), self._replicas)
        if lately is not None:
            families.add(definition.EVENNESS, lately)
        return families.all()

    def _add_connections(self, families: Families) -> None:
        ended, held = self._ends.by_replica(), self._book.still_open()
        opened, known = Counter[str](), Counter[str]()
        for pod, count in dict(self._ledger.pods).items():
            opened[self._name(pod)] += count.opened
            known[self._name(pod)] += count.opened - count.closed
        if NOBODY in ended:
            opened[NOBODY] = ended[NOBODY].total
        for replica, many in opened.items():
            families.add(definition.OPENED, many, replica)
        known[NOBODY] = max(0, len(held) - known.total())
        for replica, many in known.items():
            families.add(definition.OPEN, many, replica)
        oldest = self._ledger.clock.elapsed_seconds() - held[0].opened_seconds if held else 0.0
        families.add(definition.OLDEST, oldest, NOBODY)
        for replica, ends in ended.items():
            families.add_ended(ends, replica)

    def _answered(self) -> Counter[str]:
        answered = Counter[str]()
        for pod, count in dict(self._ledger.pods).items():
            answered[self._name(pod)] += count.requests
        return answered

    def _name(self, pod: str | None) -> str:
        """Return how a replica is called: those that come first by their names."""
        if pod is None or pod in self._named:
            return pod or NOBODY
        if len(self._named) >= MOST_REPLICAS:
            return MORE_REPLICAS
        self._named.add(pod)
        return pod

    def _on_close(self, connection: Connection) -> None:
        self._enter_close(connection)
        age_seconds = (connection.closed_seconds or 0.0) - connection.opened_seconds
        self._ends.note(connection, age_seconds, connection.closing or Closing.FAILED)


def export_account(settings: Settings, address: str, ledger: Ledger, book: ConnectionBook) -> None:
    """Answer scrapes from now on, at one address or, where that is empty, on all interfaces.

    Raises:
        OSError: the port cannot be had; its text is one line for the user.
    """
    listener = listen(address, settings.metrics.port)
    watch = Watch(settings, ledger, book)
    export(listener, watch.collect, watch.look)
