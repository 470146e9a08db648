"""The account of a run: planned = answered + failed, whatever happens and whenever it ends."""

from collections import Counter

import hypothesis
import hypothesis.strategies as some
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from long_lived.client.ledger import Send
from long_lived.client.transport.connections import Connection
from long_lived.record.error_kind import ErrorKind

from .ledgers import answer, ledger

PODS = ("server-a", "server-b", "server-c")
KINDS = [kind for kind in ErrorKind if kind not in (ErrorKind.INTERRUPTED, ErrorKind.NOT_SENT)]


def total(series: dict[str, dict[int, int]]) -> int:
    """Add up all counts of a series of the timeline."""
    return sum(sum(counts.values()) for counts in series.values())


class Accounting(RuleBasedStateMachine):
    """Users that send, get answers, fail and lose connections in any order, until an end."""

    @initialize(planned=some.integers(0, 12))
    def begin(self, planned: int) -> None:
        self.ledger = ledger(planned)
        self.limit = planned
        self.sent = 0
        self.in_flight: list[Send] = []
        self.counted: Counter[str] = Counter()
        self.connections: list[Connection] = []
        self.closed: dict[str, object] | None = None

    def may_send(self) -> bool:
        return self.limit == 0 or self.sent < self.limit

    @precondition(lambda self: self.may_send())
    @rule()
    def send(self) -> None:
        entered = self.ledger.enter_send(0.0)
        assert (entered is None) is (self.closed is not None)
        self.sent += 1
        self.in_flight.append(entered or Send(0.0, 0.0))

    @precondition(lambda self: self.in_flight)
    @rule(
        pod=some.sampled_from(PODS),
        again=some.booleans(),
        lost=some.booleans(),
        close=some.booleans(),
    )
    def get_answer(self, pod: str, again: bool, lost: bool, close: bool) -> None:
        usable = [item for item in self.connections if item.closed_seconds is None]
        if again and usable:
            connection = usable[-1]
            pod = connection.pod or pod
        else:
            connection = Connection(len(self.connections) + 1, self.ledger.clock.elapsed_seconds())
            self.connections.append(connection)
        if lost and connection.closed_seconds is None:
            self.end(connection)
        self.ledger.enter_answer(
            self.in_flight.pop(0), answer(connection, pod, close_announced=close)
        )
        self.counted["answered"] += self.closed is None

    @precondition(lambda self: self.in_flight)
    @rule(kind=some.sampled_from(KINDS), detail=some.text())
    def fail(self, kind: ErrorKind, detail: str) -> None:
        self.ledger.enter_failure(self.in_flight.pop(0), kind, detail)
        self.counted[kind] += self.closed is None

    @rule(in_flight=some.booleans(), left=some.integers(0, 2), detail=some.text())
    def break_off(self, in_flight: bool, left: int, detail: str) -> None:
        send = self.in_flight.pop(0) if in_flight and self.in_flight else None
        left = min(left, max(0, self.limit - self.sent))
        self.ledger.enter_breakdown(send, left, detail)
        self.sent += left

    @precondition(lambda self: self.connections)
    @rule(data=some.data())
    def lose(self, data: some.DataObject) -> None:
        connection = data.draw(some.sampled_from(self.connections))
        if connection.closed_seconds is None:
            self.end(connection)

    def end(self, connection: Connection) -> None:
        connection.closed_seconds = self.ledger.clock.elapsed_seconds()
        self.ledger.enter_close(connection)

    @rule()
    def close(self) -> None:
        left = len(self.in_flight)
        self.ledger.close(one for one in self.connections if one.closed_seconds is None)
        if self.closed is None:
            assert self.ledger.failed_by_kind[ErrorKind.INTERRUPTED] == left
            self.closed = self.snapshot()

    def snapshot(self) -> dict[str, object]:
        counts = self.ledger
        return {
            "planned": counts.planned,
            "answered": counts.answered,
            "failed": dict(counts.failed_by_kind),
            "pods": {
                name: (pod.requests, pod.opened, pod.closed) for name, pod in counts.pods.items()
            },
            "timeline": counts.timeline.as_record(),
            "lines": len(counts.output.lines),
        }

    @invariant()
    def every_request_is_in_one_place(self) -> None:
        if not hasattr(self, "ledger"):
            return
        counts = self.ledger
        progress = counts.progress()
        assert progress.answered == self.counted["answered"]
        assert progress.answered == sum(pod.requests for pod in counts.pods.values())
        assert progress.answered == counts.service.count == counts.overhead.count
        series = counts.timeline.as_record()
        assert total(series.answered) == progress.answered
        assert total(series.failed) == progress.failed
        assert total(series.failed_ended) == progress.failed
        assert total(series.sent) == counts.send_lag.count == counts.sent
        for name, pod in counts.pods.items():
            assert sum(series.opened[name].values()) == pod.opened
            assert sum(series.closed.get(name, {}).values()) == pod.closed <= pod.opened
        if self.closed is None:
            assert progress.in_flight == len(self.in_flight)
            assert progress.planned >= progress.answered + progress.failed + progress.in_flight
            if self.limit == 0:
                assert progress.planned == self.sent
        else:
            assert counts.balanced()
            attributed = sum(pod.opened for pod in counts.pods.values())
            nameless = sum(series.opened.get("", {}).values())
            assert attributed + nameless >= len(counts.still_open)
            assert self.snapshot() == self.closed

    @invariant()
    def lines_tell_the_same_as_counts(self) -> None:
        if not hasattr(self, "ledger"):
            return
        lines = self.ledger.output.lines
        assert all("\n" not in line for line in lines)
        answered = Counter(line.split()[3] for line in lines if line.startswith("Response from"))
        assert answered == Counter({name: pod.requests for name, pod in self.ledger.pods.items()})
        failed = Counter(line.split()[2] for line in lines if line.startswith("Request failed"))
        assert failed == Counter(
            {kind: n for kind, n in self.ledger.failed_by_kind.items() if kind != "not_sent"}
        )


Accounting.TestCase.settings = hypothesis.settings(
    deadline=None, max_examples=40, stateful_step_count=30
)
TestAccounting = Accounting.TestCase
