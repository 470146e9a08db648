"""Runs described by the tests, entered in the client's own ledger and summarized by its own code.

So the lab always gets the format that clients really write.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from long_lived.client.clock import Clock
from long_lived.client.ledger import Answer, Ledger, Send
from long_lived.client.stalls import Stalls
from long_lived.client.summary import summarize
from long_lived.client.transport.connections import Connection, ConnectionBook
from long_lived.lab.analysis.events.change import Change
from long_lived.record.error_kind import ErrorKind
from long_lived.record.lines import Started
from long_lived.record.summary import Cost, Summary
from long_lived.settings import load

START = 1_800_000_000.0
"""When the clock of every run starts: at the start of a bucket."""

SERVERS = ("server-a", "server-b", "server-c")
NEW = ("server-d", "server-e")
CLIENT_ID = "0123456789abcdef"


STOP_SECONDS, READY_SECONDS, LOAD_SECONDS = 10.0, 12.0, 30.0
"""When `restarted` stops two replicas, when their replacements are ready, and when it ends."""


class HandClock(Clock):
    """A clock that only the test moves."""

    def restart(self) -> None:
        """Start at `START`."""
        self.started_unix_seconds = START
        self.now = 0.0

    def elapsed_seconds(self) -> float:
        """Return what the test has set."""
        return self.now


class Lines:
    """An output that collects its lines."""

    def __init__(self) -> None:
        """Start empty."""
        self.lines: list[str] = []

    def write(self, lines: Iterable[str]) -> None:
        """Collect them."""
        self.lines += lines


class Run:
    """One client's run, described event by event, in any order."""

    def __init__(self, *overrides: str, starts_at: float = START) -> None:
        """Begin a run with these settings, at a moment by its client's wall clock."""
        self.settings = load([], list(overrides), {})
        self.clock = HandClock()
        self.clock.started_unix_seconds = starts_at
        self._output = Lines()
        self.ledger = Ledger(self.clock, self._output, 0, self.settings.client.log_responses)
        self._book = ConnectionBook(self.clock, self.ledger.enter_close)
        self._made: Summary | None = None
        self._starts: dict[str, tuple[str, float]] = {}
        # The book inspects sockets only when a real client ends.
        self._socket: Any = object()

    def connect(self, pod: str, at: float) -> Connection:
        """Open a connection on which `pod` answers the first request at once."""
        self.clock.now = at
        connection = self._book.open(self._socket)
        self._answer(connection, pod)
        return connection

    def connect_in_vain(self, at: float) -> Connection:
        """Open a connection on which nobody ever answers."""
        self.clock.now = at
        return self._book.open(self._socket)

    def ask(self, connection: Connection, at: float, pod: str | None = None) -> None:
        """Have another request answered on a connection, by its pod or by another."""
        self.clock.now = at
        assert connection.pod is not None
        self._answer(connection, pod or connection.pod)

    def start(self, pod: str, at: float) -> None:
        """Have a pod's server start, or restart; its answers say so from now on."""
        self._starts[pod] = (f"{pod}-{at}", at)

    def hang_up(self, connection: Connection, at: float) -> None:
        """Close a connection."""
        self.clock.now = at
        self._book.close(connection)

    def fail(
        self,
        kind: ErrorKind,
        at: float,
        count: int = 1,
        *,
        sent: float | None = None,
        pod: str | None = None,
    ) -> None:
        """Have requests fail that were sent at that moment, or earlier."""
        for _ in range(count):
            send = self._send(at if sent is None else sent)
            self.clock.now = at
            self.ledger.enter_failure(send, kind, "told by the test", Connection(0, 0.0, pod=pod))

    def summary(
        self,
        load_seconds: float = LOAD_SECONDS,
        stopped_by: str | None = None,
        problem: str | None = None,
    ) -> Summary:
        """End the run, and return its summary, the same each time."""
        if self._made is None:
            self.clock.now = load_seconds
            self.ledger.close(self._book.still_open())
            self._made = summarize(
                self.settings,
                self.ledger,
                opened=self._book.opened,
                retired=self._book.retired,
                client_id=CLIENT_ID,
                stalls=Stalls(),
                load_seconds=load_seconds,
                stopped_by=stopped_by,
                problem=problem,
                cost=Cost(cpu_seconds=12.34, peak_memory_bytes=450_000_000),
            )
        return self._made

    def log(self, **given: Any) -> list[str]:
        """End the run, and return the lines of its log."""
        made = self.summary(**given)
        users = self.settings.client.concurrency
        return [
            f"Waiting for {self.settings.server.replicas} servers",
            str(Started(users, 0.1, 0.5, self.clock.started_unix_seconds)),
            *self._output.lines,
            str(self.ledger.progress()),
            str(made),
        ]

    def _answer(self, connection: Connection, pod: str) -> None:
        closes = self.settings.server.runtime == "flask"
        send = self._send(self.clock.now)
        instance, started = self._starts.get(pod, (f"{pod}-0", -60.0))
        up = self.clock.now - started
        self.ledger.enter_answer(send, Answer(pod, 0.4, 0.41, closes, connection, instance, up))

    def _send(self, at: float) -> Send:
        self.clock.now = at
        send = self.ledger.enter_send(0.0)
        assert send is not None, "the run has not ended"
        return send


def plain(
    pods: Mapping[str, int],
    *overrides: str,
    failed: Mapping[ErrorKind, int] | None = None,
    **ended: Any,
) -> Summary:
    """Return the summary of a run with a connection per request."""
    run = Run(*overrides)
    for pod, count in pods.items():
        for index in range(count):
            at = LOAD_SECONDS * index / count
            run.hang_up(run.connect(pod, at), at)
    for kind, count in (failed or {}).items():
        run.fail(kind, LOAD_SECONDS / 2, count)
    return run.summary(**ended)


def restarted(
    *overrides: str,
    users: int = 60,
    heals: bool = False,
    servers: Sequence[str] = SERVERS,
    new: Sequence[str] = NEW,
    keeps: bool = True,
    lost: int = 0,
    end: float = LOAD_SECONDS,
) -> tuple[Run, list[Change]]:
    """Describe a run in the middle of which all replicas but the first are restarted.

    Users take turns with the replicas, so that nothing is left to chance. Kept connections of
    the stopped replicas go to the first at once, and stay; if it `heals`, all connections
    are reopened later on, in turn. Without `keeps` each request has its own connection.
    """
    run = Run(*overrides)
    for heir in new:
        run.start(heir, READY_SECONDS - 1)
    stays, last = [servers[0]], [servers[0], *new]
    replacements = [
        Change(
            START + STOP_SECONDS,
            old,
            START + STOP_SECONDS + 0.5,
            heir,
            START + READY_SECONDS - (0.5 if heir != new[-1] else 0.0),
        )
        for old, heir in zip(servers[1:], new, strict=True)
    ]

    def serving(at: float) -> Sequence[str]:
        if at < STOP_SECONDS:
            return servers
        return stays if at < READY_SECONDS else last

    for user in range(users):
        connection: Connection | None = None
        reconnected = False
        second = 0
        while (at := second + user / users) < end:
            crew = serving(at)
            if not keeps:
                connection = run.connect(crew[(user + second) % len(crew)], at)
                run.hang_up(connection, at)
            elif connection is None:
                connection = run.connect(crew[user % len(crew)], at)
            elif connection.pod not in crew:
                run.hang_up(connection, at)
                connection = run.connect(crew[user % len(crew)], at)
            elif heals and not reconnected and at >= READY_SECONDS + 2:
                reconnected = True
                run.hang_up(connection, at)
                connection = run.connect(crew[user % len(crew)], at)
            else:
                run.ask(connection, at)
            second += 1
    run.fail(ErrorKind.CONNECTION_LOST, STOP_SECONDS + 0.1, lost, pod=(servers[1:] or [None])[0])
    return run, replacements
