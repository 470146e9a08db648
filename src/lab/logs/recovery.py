"""The summary of a client that was killed, put together again from the lines of its log.

A client writes its summary when it ends, and one that gets SIGKILL (as for too much memory)
does not. Its answers and failures are in the log, with times and connections. What was in
flight is known from its last line of progress. So planned = answered + failed holds here,
too; only what no line tells is missing: the client's cost, and when connections closed.
"""

from collections.abc import Iterable

from long_lived.client.clock import Clock
from long_lived.client.ledger import Answer, Ledger
from long_lived.client.output import Output
from long_lived.client.stalls import Stalls
from long_lived.client.summary import summarize
from long_lived.client.transport.connections import Connection
from long_lived.client.users import pacing
from long_lived.lab.logs.client_log import ClientLog
from long_lived.record.lines import Failure, Response, read
from long_lived.record.summary import Cost, Summary
from long_lived.settings import Settings


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


def recovered(lines: Iterable[str], settings: Settings, problem: str) -> Summary | None:
    """Return the summary that a client's log gives; None where its clock never started.

    `problem` says why the client left none, and makes the run incomplete.
    """
    kept = list(lines)
    told = ClientLog()
    for text in kept:
        told.feed(text)
    if told.clock_started_unix_seconds is None:
        return None
    clock = _ToldClock(told.clock_started_unix_seconds)
    known: dict[int, Connection] = {}
    planned = pacing.planned_requests(settings.client)
    ledger = Ledger(clock, Output(-1), planned, log_responses=False)
    lines_read = [read(text) for text in kept]
    answers = [line for line in lines_read if isinstance(line, Response)]
    # More answers than users, and none of them on a connection that had carried one before.
    one_each = len(answers) > settings.client.concurrency and all(one.new for one in answers)
    for line in lines_read:
        if isinstance(line, Response):
            _enter_answer(ledger, clock, known, line, one_each)
        elif isinstance(line, Failure):
            _enter_failure(ledger, clock, line)
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
        retired=0,  # its lines do not tell
        client_id="",
        stalls=Stalls(),
        load_seconds=clock.last_seconds,
        stopped_by=None,
        problem=problem,
        cost=Cost(cpu_seconds=0.0, peak_memory_bytes=0),
    )


def _enter_answer(
    ledger: Ledger,
    clock: _ToldClock,
    known: dict[int, Connection],
    told: Response,
    one_each: bool,
) -> None:
    """Enter the send and the answer that a line tells of."""
    sent = max(0.0, told.at_seconds - told.service_seconds)
    clock.tell(sent)
    connection = known.setdefault(told.connection, Connection(told.connection, sent))
    if send := ledger.enter_send(0.0):
        clock.tell(told.at_seconds)
        if one_each:
            connection.closed_seconds = told.at_seconds
        answer = Answer(told.pod, told.delay_seconds, told.service_seconds, one_each, connection)
        ledger.enter_answer(send, answer)


def _enter_failure(ledger: Ledger, clock: _ToldClock, told: Failure) -> None:
    """Enter the send and the failure that a line tells of."""
    clock.tell(told.sent_seconds)
    if send := ledger.enter_send(0.0):
        clock.tell(told.at_seconds)
        ledger.enter_failure(send, told.kind, told.detail, Connection(0, 0.0, pod=told.pod))
