"""The summary of a client that was killed, put together again from the lines of its log.

A client writes its summary when it ends, and one that gets SIGKILL (as for too much memory)
does not. Its answers and failures are in the log, with times and connections. What was in
flight is known from its last line of progress. So planned = answered + failed holds here,
too; only what no line tells is missing: the client's cost, and when connections closed.
"""

import re
from collections.abc import Iterable
from typing import Any

from long_lived.client import pacing
from long_lived.client.clock import Clock
from long_lived.client.connections import Connection, ConnectionBook
from long_lived.client.errors import ErrorKind
from long_lived.client.ledger import Answer, Ledger
from long_lived.client.output import Output
from long_lived.client.summary import summarize
from long_lived.lab.logs import ClientLog
from long_lived.settings import Settings

_ANSWER = re.compile(
    r"^Response from Pod (\S+) after ([\d.]+) s connection=(\d+) new=(?:yes|no) "
    r"service=([\d.]+) at=([\d.]+)$"
)
_FAILURE = re.compile(r"^Request failed: (\w+) at=([\d.]+)(?: pod=(\S+))? ?(.*)$")


class _ToldClock(Clock):
    """A clock that stands where the log says."""

    def __init__(self, started_unix_seconds: float) -> None:
        """Start at a known time."""
        self.started_unix_seconds = started_unix_seconds
        self.now_seconds = self.last_seconds = 0.0

    def tell(self, seconds: float) -> None:
        """Set the clock."""
        self.now_seconds = seconds
        self.last_seconds = max(self.last_seconds, seconds)

    def elapsed_seconds(self) -> float:
        """Return what was told."""
        return self.now_seconds


class _ToldBook(ConnectionBook):
    """The connections that a log names; all count as open."""

    def __init__(self) -> None:
        """Start empty."""
        self.known: dict[int, Connection] = {}

    @property
    def opened(self) -> int:  # type: ignore[override]
        """How many connections are known."""
        return len(self.known)

    def still_open(self) -> list[Connection]:
        """List those of which no end is known."""
        return [one for one in self.known.values() if one.closed_seconds is None]


def recovered(lines: Iterable[str], settings: Settings, problem: str) -> dict[str, Any] | None:
    """Return the summary that a client's log gives; None where its clock never started.

    `problem` says why the client has left none, and makes the run incomplete.
    """
    kept = list(lines)
    told = ClientLog()
    for line in kept:
        told.feed(line)
    if told.clock_started_unix_seconds is None:
        return None
    clock, book = _ToldClock(told.clock_started_unix_seconds), _ToldBook()
    planned = pacing.planned_requests(settings.client)
    ledger = Ledger(clock, Output(-1), planned, log_responses=False)
    answers = sum(told.answered.values())
    # More answers than users, and none of them on a connection that had carried one before.
    one_each = answers > settings.client.concurrency and not any(" new=no " in x for x in kept)
    for line in kept:
        if answer := _ANSWER.match(line):
            _enter_answer(ledger, clock, book, answer, one_each)
        elif failure := _FAILURE.match(line):
            clock.tell(float(failure[2]))
            if failure[1] in set(ErrorKind) and ledger.enter_send(0.0):
                ledger.enter_failure(ErrorKind(failure[1]), failure[4], failure[3])
    clock.now_seconds = clock.last_seconds
    if told.progress is not None:
        sent = told.progress.in_flight + told.progress.answered + told.progress.failed
        for _ in range(min(sent, planned or sent) - ledger.answered - ledger.failed):
            ledger.enter_send(0.0)
    ledger.close()
    return summarize(
        settings,
        ledger,
        book,
        load_seconds=clock.last_seconds,
        stopped_by=None,
        problem=problem,
        cost={"cpu_seconds": 0.0, "peak_memory_bytes": 0},
    )


def _enter_answer(
    ledger: Ledger, clock: _ToldClock, book: _ToldBook, told: re.Match[str], one_each: bool
) -> None:
    """Enter the send and the answer that a line tells of."""
    pod, delay, number, service, at = told.groups()
    answered = float(at)
    sent = max(0.0, answered - float(service))
    clock.tell(sent)
    ledger.enter_send(0.0)
    connection = book.known.setdefault(int(number), Connection(int(number), sent))
    clock.tell(answered)
    if one_each:
        connection.closed_seconds = answered
    ledger.enter_answer(Answer(pod, float(delay), float(service), one_each, connection))
