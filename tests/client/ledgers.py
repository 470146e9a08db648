"""Ledgers for tests, with readable lines and a clock moved by hand."""

from long_lived.client.clock import Clock
from long_lived.client.ledger import Answer, Ledger
from long_lived.client.transport.connections import Connection


class Lines:
    """An output that collects its lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write(self, lines: list[str]) -> None:
        self.lines += lines


def answer(connection: Connection, pod: str = "server-a", **given: object) -> Answer:
    """Make an answer over `connection`."""
    values = {"delay_seconds": 0.5, "service_seconds": 0.6, "close_announced": False, **given}
    return Answer(pod=pod, connection=connection, **values)


def ledger(planned: int, **given: object) -> Ledger:
    """Make a ledger whose lines can be read."""
    return Ledger(Clock(), Lines(), planned, **given)


class HandClock(Clock):
    """A clock that only the test moves."""

    now = 0.0

    def restart(self) -> None:
        self.started_unix_seconds = 1_800_000_000.0

    def elapsed_seconds(self) -> float:
        return self.now
