"""The account of a run: every planned request ends up answered or failed, once.

Rules: one lock guards all numbers, and a line of the log is written under that lock,
so that log and summary agree whenever the run ends. After `close` nothing is entered.
"""

import math
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from long_lived.client.clock import Clock
from long_lived.client.output import Output
from long_lived.client.pod_count import PodCount, parts
from long_lived.client.transport.connections import Connection
from long_lived.record.error_kind import ErrorKind
from long_lived.record.histogram import Histogram
from long_lived.record.lines import Failure, Parts, Progress, Response
from long_lived.record.timeline import UNATTRIBUTED, Series, Timeline


class Answer(NamedTuple):
    """One complete answer."""

    pod: str
    delay_seconds: float | None
    """How long the server says that it waited; None where it does not say."""
    service_seconds: float
    """From the send to the last byte."""
    close_announced: bool
    """Whether the answer said that its connection ends with it."""
    connection: Connection
    instance: str = ""
    """Which start of the pod gave it; empty where the server does not say."""
    uptime_seconds: float | None = None
    """How long that start has been running, by the server; None where it does not say."""


class Send(NamedTuple):
    """One request that was sent."""

    at_seconds: float
    lag_seconds: float
    """How much later than planned."""


@dataclass
class Ledger:
    """All counts of one client. Thread-safe; blocks while standard output is blocked."""

    clock: Clock
    output: Output
    planned: int
    """Requests to make; 0 where the run's duration decides, then each send plans itself."""
    log_responses: bool = True
    hide: Callable[[str], str] = str
    """Takes out of an error's text what no log may have."""
    timeline: Timeline = field(default_factory=Timeline)
    service: Histogram = field(default_factory=Histogram)
    response: Histogram = field(default_factory=Histogram)
    overhead: Histogram = field(default_factory=Histogram)
    send_lag: Histogram = field(default_factory=Histogram)
    pods: defaultdict[str, PodCount] = field(default_factory=lambda: defaultdict(PodCount))
    failed_by_kind: Counter[ErrorKind] = field(default_factory=Counter)
    answered: int = 0
    sent: int = 0
    first_sent_seconds: float | None = None
    last_sent_seconds: float = 0.0
    close_announced: int = 0
    reused: int = 0
    """Connections that carried more than one answer."""
    several_pods: int = 0
    """Connections of these on which more than one pod answered."""
    most_requests_on_a_connection: int = 0
    still_open: list[Connection] = field(default_factory=list)
    """Connections that were open at the end."""

    def __post_init__(self) -> None:
        """Take note whether sends plan themselves."""
        self._lock = threading.Lock()
        self._plans_itself = self.planned == 0
        self._in_flight: dict[float, int] = {}  # by when they were sent
        self._nameless: set[Connection] = set()  # closed, and no pod has answered on them so far
        self._carried: Counter[int] = Counter()  # connections, by how many answers came over them
        self._closed = False

    @property
    def failed(self) -> int:
        """Requests that failed, of whatever kind."""
        return sum(self.failed_by_kind.values())

    def enter_send(self, lag_seconds: float) -> Send | None:
        """Enter that a request is being sent, `lag_seconds` after its planned time.

        Returns None when the ledger is closed: the request must not be sent.
        """
        with self._lock:
            if self._closed:
                return None
            now = self.clock.elapsed_seconds()
            self.planned += self._plans_itself
            first = self.first_sent_seconds
            self.first_sent_seconds = now if first is None else min(now, first)
            self.last_sent_seconds = max(now, self.last_sent_seconds)
            self.sent += 1
            self._in_flight[now] = self._in_flight.get(now, 0) + 1
            self.send_lag.add(lag_seconds)
            self._count("sent", "all", now)
            return Send(now, lag_seconds)

    def enter_answer(self, send: Send, answer: Answer) -> None:
        """Enter that a request in flight is answered."""
        with self._lock:
            if self._closed:
                return
            now = self.clock.elapsed_seconds()
            connection = answer.connection
            pod = self.pods[answer.pod]
            self.service.add(answer.service_seconds)
            self.response.add(send.lag_seconds + answer.service_seconds)
            if answer.delay_seconds is not None:
                overhead = max(0.0, answer.service_seconds - answer.delay_seconds)
                self.overhead.add(overhead)
                pod.overhead.add(overhead)
            pod.note_start(answer.instance, answer.uptime_seconds, connection.opened_seconds, now)
            if connection.pod is None:
                self._attribute(connection, answer.pod)
            elif connection.pod != answer.pod and not connection.several_pods:
                connection.several_pods = True
                self.several_pods += 1
            connection.requests += 1
            self._note_carried(connection.requests)
            self.reused += connection.requests == 2
            if connection.requests > self.most_requests_on_a_connection:
                self.most_requests_on_a_connection = connection.requests
            self.close_announced += answer.close_announced
            # Together, and after all that could fail: a request that is not answered has failed.
            self._land(send)
            pod.requests += 1
            self.answered += 1
            self._count("answered", answer.pod, now)
            if self.log_responses:
                line = Response.line(
                    answer.pod,
                    answer.delay_seconds,
                    connection.number,
                    connection.requests == 1,
                    answer.service_seconds,
                    now,
                )
                self.output.write([line])

    def enter_failure(
        self, send: Send, kind: ErrorKind, detail: str, connection: Connection | None = None
    ) -> None:
        """Enter that a request in flight failed, on the pod that had answered on `connection`."""
        with self._lock:
            if self._closed:
                return
            pod = None if connection is None else connection.pod
            self._land(send)
            now = self.clock.elapsed_seconds()
            self._count_failures(kind, pod, send.at_seconds, now)
            if self.log_responses:
                line = Failure(kind, now, send.at_seconds, pod, self.hide(detail))
                self.output.write([str(line)])

    def enter_breakdown(self, send: Send | None, left: int, detail: str) -> None:
        """Enter that a virtual user broke off because of a defect in the client.

        Args:
            send: its request in flight; None where there was none.
            left: requests that it still had to send.
            detail: why.
        """
        with self._lock:
            if self._closed:
                return
            now = self.clock.elapsed_seconds()
            times = [now] * left
            if send is not None and send.at_seconds in self._in_flight:
                self._land(send)
                times.append(send.at_seconds)
            for sent in times:
                self._count_failures(ErrorKind.CLIENT_ERROR, None, sent, now)
            if self.log_responses:
                kind, said = ErrorKind.CLIENT_ERROR, self.hide(detail)
                self.output.write(str(Failure(kind, now, sent, detail=said)) for sent in times)

    def enter_close(self, connection: Connection) -> None:
        """Enter that a connection is closed; its first answer may still be on its way here."""
        with self._lock:
            if self._closed:
                return
            if connection.pod is None:
                self._nameless.add(connection)
            else:
                self._enter_end(connection)

    def close(self, still_open: Iterable[Connection] = ()) -> None:
        """Count what is in flight as interrupted, what is left as not sent; end the account.

        Of connections without an answer, the open ones among them, nobody knows the pod.
        """
        with self._lock:
            if self._closed:
                return
            self._closed = True
            now = self.clock.elapsed_seconds()
            self.still_open = list(still_open)
            for connection in self.still_open:
                if connection.pod is None:
                    self._count("opened", UNATTRIBUTED, connection.opened_seconds)
            for connection in self._nameless:
                self._count("opened", UNATTRIBUTED, connection.opened_seconds)
                self._count("closed", UNATTRIBUTED, connection.closed_seconds or now)
            interrupted = sum(self._in_flight.values())
            left = self.planned - self.answered - self.failed - interrupted
            for sent, count in self._in_flight.items():
                self._count_failures(ErrorKind.INTERRUPTED, None, sent, now, count)
                if self.log_responses:
                    self.output.write([str(Failure(ErrorKind.INTERRUPTED, now, sent))] * count)
            if left:
                self._count_failures(ErrorKind.NOT_SENT, None, now, now, left)
            self._in_flight.clear()

    def balanced(self) -> bool:
        """Tell whether planned = answered + failed, with nothing in flight."""
        with self._lock:
            return not self._in_flight and self.planned == self.answered + self.failed

    def half_carried_by(self) -> int:
        """Return how few connections together carried half of the answers."""
        with self._lock:
            left, used = self.answered / 2, 0
            for answers, connections in sorted(self._carried.items(), reverse=True):
                enough = min(connections, max(0, math.ceil(left / answers)))
                left -= enough * answers
                used += enough
            return used

    def progress(self) -> Progress:
        """Return the account as it stands."""
        with self._lock:
            in_flight = sum(self._in_flight.values())
            return Progress(self.planned, in_flight, self.answered, self.failed)

    def parts(self, open_connections: int) -> Parts:
        """Return it by pod, with so many connections open."""
        with self._lock:
            return parts(self.pods, open_connections)

    def _attribute(self, connection: Connection, pod: str) -> None:
        """Enter whose connection it is, now that its first answer says so."""
        connection.pod = pod
        self._nameless.discard(connection)
        self.pods[pod].opened += 1
        self._count("opened", pod, connection.opened_seconds)
        if connection.closed_seconds is not None:
            self._enter_end(connection)

    def _note_carried(self, answers: int) -> None:
        """Enter that one more connection has carried so many answers, and one less than that."""
        self._carried[answers] += 1
        if answers > 1:
            self._carried[answers - 1] -= 1
            if not self._carried[answers - 1]:
                del self._carried[answers - 1]

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

    def _land(self, send: Send) -> None:
        """Take a request out of those in flight."""
        if others := self._in_flight.pop(send.at_seconds) - 1:
            self._in_flight[send.at_seconds] = others

    def _count_failures(
        self, kind: ErrorKind, pod: str | None, sent: float, ended: float, count: int = 1
    ) -> None:
        key = kind if pod is None else f"{kind} {pod}"
        self.failed_by_kind[kind] += count
        if pod is not None:
            self.pods[pod].failed += count
        self._count("failed", key, sent, count)
        self._count("failed_ended", key, ended, count)

    def _count(self, series: Series, key: str, elapsed_seconds: float, count: int = 1) -> None:
        self.timeline.add(series, key, self.clock.unix_seconds(elapsed_seconds), count)
