"""The summary of a client that was killed, put together again from the lines of its log.

A client writes its summary when it ends, and one that gets SIGKILL (as for too much memory)
does not. Its answers and failures are in the log, with times and connections. What was in
flight is known from its last line of progress. So planned = answered + failed holds here,
too; only what no line tells is missing: the client's cost, and when connections closed.
"""

import re
from collections.abc import Iterable
from typing import Any

from long_lived.client.clock import Clock
from long_lived.client.ledger import Answer, Ledger
from long_lived.client.output import Output
from long_lived.client.stalls import Stalls
from long_lived.client.summary import summarize
from long_lived.client.transport.connections import Connection
from long_lived.client.users import pacing
from long_lived.lab.logs.client_log import ClientLog
from long_lived.record.error_kind import ErrorKind
from long_lived.settings import Settings

_ANSWER = re.compile(
    r"^Response from Pod (\S+) after ([\d.]+) s connection=(\d+) new=(?:yes|no) "
    r"service=([\d.]+) at=([\d.]+)$"
)
_FAILURE = re.compile(r"^Request failed: (\w+) at=([\d.]+) sent=([\d.]+)(?: pod=(\S+))? ?(.*)$")


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
    clock = _ToldClock(told.clock_started_unix_seconds)
    known: dict[int, Connection] = {}
    planned = pacing.planned_requests(settings.client)
    ledger = Ledger(clock, Output(-1), planned, log_responses=False)
    answers = sum(told.answered.values())
    # More answers than users, and none of them on a connection that had carried one before.
    one_each = answers > settings.client.concurrency and not any(" new=no " in x for x in kept)
    for line in kept:
        if answer := _ANSWER.match(line):
            _enter_answer(ledger, clock, known, answer, one_each)
        elif failure := _FAILURE.match(line):
            kind, ended, sent, pod, detail = failure.groups()
            clock.tell(float(sent))
            if kind in set(ErrorKind) and (send := ledger.enter_send(0.0)):
                clock.tell(float(ended))
                ledger.enter_failure(send, ErrorKind(kind), detail, Connection(0, 0.0, pod=pod))
    clock.now_seconds = clock.last_seconds
    if told.progress is not None:
        progress = told.progress
        all_sent = progress.in_flight + progress.answered + progress.failed
        for _ in range(min(all_sent, planned or all_sent) - ledger.answered - ledger.failed):
            ledger.enter_send(0.0)
    ledger.close(one for one in known.values() if one.closed_seconds is None)
    return summarize(
        settings,
        ledger,
        opened=len(known),
        client_id="",
        stalls=Stalls(),
        load_seconds=clock.last_seconds,
        stopped_by=None,
        problem=problem,
        cost={"cpu_seconds": 0.0, "peak_memory_bytes": 0},
    )


def _enter_answer(
    ledger: Ledger,
    clock: _ToldClock,
    known: dict[int, Connection],
    told: re.Match[str],
    one_each: bool,
) -> None:
    """Enter the send and the answer that a line tells of."""
    pod, delay, number, service, at = told.groups()
    answered = float(at)
    sent = max(0.0, answered - float(service))
    clock.tell(sent)
    connection = known.setdefault(int(number), Connection(int(number), sent))
    if send := ledger.enter_send(0.0):
        clock.tell(answered)
        if one_each:
            connection.closed_seconds = answered
        ledger.enter_answer(send, Answer(pod, float(delay), float(service), one_each, connection))
