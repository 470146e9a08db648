"""What a client does for each request, and a merge or a look for each line: pytest-benchmark.

    make bench-paths

The figures are of one thread on one processor; those of two versions can be compared by
pytest-benchmark (--benchmark-save, --benchmark-compare).
"""

import json
import os
import time
from collections.abc import Callable
from itertools import count
from typing import Any

from long_lived.client.clock import Clock
from long_lived.client.engines.loop.incoming import Incoming
from long_lived.client.ledger import Answer, Ledger
from long_lived.client.output import Output
from long_lived.client.target.expected import Expected
from long_lived.client.transport.answer import read_answer
from long_lived.client.transport.connections import Connection
from long_lived.record.histogram import Histogram
from long_lived.record.lines import Response, read
from long_lived.record.timeline import Timeline
from long_lived.settings.sections.target import Target

Benchmark = Callable[..., Any]
BODY = json.dumps(
    {"pod": "pod-a", "delay_seconds": 1.5, "instance": "1a2b3c4d", "uptime_seconds": 12.25}
).encode()
ANSWER = (
    b"HTTP/1.1 200 OK\r\nServer: long-lived\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\nDate: Thu, 26 Nov 2026 08:00:00 GMT\r\n\r\n%s" % (len(BODY), BODY)
)
LINE = Response.line("pod-a", 1.5, 17, True, 1.501, 12.345)
NUMBERS = count(1)


def test_answer_is_parsed(benchmark: Benchmark) -> None:
    """From bytes to an answer, by httptools."""

    def parse() -> None:
        incoming = Incoming()
        assert incoming.feed(ANSWER)
        incoming.release()

    benchmark(parse)


def test_answer_is_read(benchmark: Benchmark) -> None:
    """From an answer's body to what it says, checked."""
    connection = Connection(1, 0.0)
    benchmark(read_answer, 200, BODY, 1.51, False, connection, {}, Expected(Target()))


def test_request_is_entered(benchmark: Benchmark) -> None:
    """Sent and answered, with its line of the log."""
    ledger = Ledger(Clock(), Output(os.open(os.devnull, os.O_WRONLY)), 0)

    def enter() -> None:
        send = ledger.enter_send(0.001)
        assert send is not None
        connection = Connection(next(NUMBERS), time.monotonic())
        ledger.enter_answer(send, Answer("pod-a", 1.5, 1.51, False, connection, "1a2b3c4d", 12.25))

    benchmark(enter)


def test_line_is_written(benchmark: Benchmark) -> None:
    """The line of an answer."""
    benchmark(Response.line, "pod-a", 1.5, 17, True, 1.501, 12.345)


def test_line_is_parsed(benchmark: Benchmark) -> None:
    """A line of a log, of which nobody knows what it is."""
    benchmark(read, LINE)


def test_duration_is_added(benchmark: Benchmark) -> None:
    """One duration to a histogram."""
    benchmark(Histogram().add, 1.51)


def test_event_is_added(benchmark: Benchmark) -> None:
    """One event to a timeline."""
    benchmark(Timeline().add, "answered", "pod-a", 1_800_000_000.0)
