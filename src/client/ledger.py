"""The account of a run: every planned request ends up answered or failed, once.

Rules: one lock guards all numbers, and a line of the log is written under that lock,
so that log and summary agree whenever the run ends. After `close` nothing is entered.
"""

import threading
from collections import Counter
from dataclasses import dataclass, field

from long_lived.client.clock import Clock
from long_lived.client.connections import Connection
from long_lived.client.errors import ErrorKind
from long_lived.client.histogram import Histogram
from long_lived.client.output import Output
from long_lived.client.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Answer:
    """One complete answer."""

    pod: str
    delay_seconds: float
    """How long the server says that it waited."""
    service_seconds: float
    """From the send to the last byte."""
    close_announced: bool
    """Whether the answer said that its connection ends with it."""
    connection: Connection
    instance: str = ""
    """Which start of the replica answered; empty where the server does not say."""
    uptime_seconds: float | None = None
    """How long the replica had been up; None where the server does not say."""


@dataclass(slots=True)
class PodCount:
    """What one pod did for this client."""

    requests: int = 0
    opened: int = 0
    closed: int = 0
    oldest_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Progress:
    """The account at one moment."""

    planned: int
    in_flight: int
    answered: int
    failed: int

    def __str__(self) -> str:
        """Return the line that the client logs and the lab reads."""
        return (
            f"Progress: {self.planned} planned, {self.in_flight} in flight, "
            f"{self.answered} answered, {self.failed} failed"
        )


@dataclass
class Ledger:
    """All counts of one client. Thread-safe; blocks while standard output is blocked."""

    clock: Clock
    output: Output
    planned: int
    """Requests to make; 0 where the run's duration decides, then each send plans itself."""
    log_responses: bool = True
    timeline: Timeline = field(default_factory=Timeline)
    service: Histogram = field(default_factory=Histogram)
    overhead: Histogram = field(default_factory=Histogram)
    send_lag: Histogram = field(default_factory=Histogram)
    pods: dict[str, PodCount] = field(default_factory=dict)
    failed_by_kind: Counter[ErrorKind] = field(default_factory=Counter)
    answered: int = 0
    close_announced: int = 0
    most_requests_on_a_connection: int = 0

    def __post_init__(self) -> None:
        """Take note whether sends plan themselves."""
        self._lock = threading.Lock()
        self._plans_itself = self.planned == 0
        self._sent = 0
        self._in_flight = 0
        self._closed = False

    @property
    def failed(self) -> int:
        """Requests that failed, of whatever kind."""
        return sum(self.failed_by_kind.values())

    def enter_send(self, lag_seconds: float) -> bool:
        """Enter that a request is being sent, `lag_seconds` after its planned time.

        Returns False when the ledger is closed: the request must not be sent.
        """
        with self._lock:
            if self._closed:
                return False
            if self._plans_itself:
                self.planned += 1
            self._sent += 1
            self._in_flight += 1
            self.send_lag.add(lag_seconds)
            self.timeline.add("sent", "all", self._now_unix())
            return True

    def enter_answer(self, answer: Answer) -> None:
        """Enter that a request in flight is answered."""
        with self._lock:
            if self._closed:
                return
            now = self.clock.elapsed_seconds()
            connection = answer.connection
            pod = self.pods.setdefault(answer.pod, PodCount())
            if connection.pod is None:
                connection.pod = answer.pod
                pod.opened += 1
                self._count("opened", answer.pod, connection.opened_seconds)
                if connection.closed_seconds is not None:
                    self._enter_end(connection)
            connection.requests += 1
            pod.requests += 1
            self._in_flight -= 1
            self.answered += 1
            self.close_announced += answer.close_announced
            self.most_requests_on_a_connection = max(
                self.most_requests_on_a_connection, connection.requests
            )
            self.service.add(answer.service_seconds)
            self.overhead.add(max(0.0, answer.service_seconds - answer.delay_seconds))
            self._count("answered", answer.pod, now)
            if self.log_responses:
                new = "yes" if connection.requests == 1 else "no"
                self.output.write(
                    [
                        f"Response from Pod {answer.pod} after {answer.delay_seconds:.3f} s "
                        f"connection={connection.number} new={new} "
                        f"service={answer.service_seconds:.3f} at={now:.3f}"
                    ]
                )

    def enter_failure(self, kind: ErrorKind, detail: str, pod: str | None = None) -> None:
        """Enter that a request in flight failed; `pod` is at the connection's end, where known."""
        with self._lock:
            if self._closed:
                return
            self._in_flight -= 1
            self.failed_by_kind[kind] += 1
            now = self.clock.elapsed_seconds()
            self._count("failed", kind, now)
            if pod is not None:
                self._count("failed_on", f"{kind} {pod}", now)
            if self.log_responses:
                at = f"at={now:.3f}" if pod is None else f"at={now:.3f} pod={pod}"
                self.output.write([f"Request failed: {kind} {at} {_one_line(detail)}"])

    def enter_close(self, connection: Connection) -> None:
        """Enter that a connection is closed; before its first answer its pod is not known yet."""
        with self._lock:
            if not self._closed and connection.pod is not None:
                self._enter_end(connection)

    def close(self) -> None:
        """Count what is in flight as interrupted, what is left as not sent; end the account."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            now = self.clock.elapsed_seconds()
            left = {
                ErrorKind.INTERRUPTED: self._in_flight,
                ErrorKind.NOT_SENT: self.planned - self.answered - self.failed - self._in_flight,
            }
            for kind, count in left.items():
                if count:
                    self.failed_by_kind[kind] += count
                    self.timeline.add("failed", kind, self.clock.unix_seconds(now), count)
            if self.log_responses:
                line = f"Request failed: {ErrorKind.INTERRUPTED} at={now:.3f}"
                self.output.write([line] * self._in_flight)
            self._in_flight = 0

    def balanced(self) -> bool:
        """Tell whether planned = answered + failed, with nothing in flight."""
        with self._lock:
            return self._in_flight == 0 and self.planned == self.answered + self.failed

    def progress(self) -> Progress:
        """Return the account as it stands."""
        with self._lock:
            return Progress(self.planned, self._in_flight, self.answered, self.failed)

    def _enter_end(self, connection: Connection) -> None:
        closed = connection.closed_seconds
        if connection.pod is None or closed is None:
            raise AssertionError("unreachable: only a closed connection with a pod ends")
        if connection.end_counted:
            return
        connection.end_counted = True
        pod = self.pods[connection.pod]
        pod.closed += 1
        pod.oldest_seconds = max(pod.oldest_seconds, closed - connection.opened_seconds)
        self._count("closed", connection.pod, closed)

    def _count(self, series: str, key: str, elapsed_seconds: float) -> None:
        self.timeline.add(series, key, self.clock.unix_seconds(elapsed_seconds))

    def _now_unix(self) -> float:
        return self.clock.unix_seconds(self.clock.elapsed_seconds())


def _one_line(text: str) -> str:
    return " ".join(text.split())[:200]
