"""What each entry in the ledger counts, and the line it writes."""

import pytest

from long_lived.client.ledger import Ledger
from long_lived.client.pod_count import MOST_STARTS
from long_lived.client.transport.connections import Connection
from long_lived.record.error_kind import ErrorKind
from long_lived.record.lines import Part, Parts

from .ledgers import HandClock, Lines, answer, ledger


def test_answer_is_one_line_with_connection_and_age() -> None:
    """The first answer on a connection says new=yes, the next new=no."""
    account = ledger(2)
    connection = Connection(7, 0.0)
    for _ in range(2):
        account.enter_answer(account.enter_send(0.0), answer(connection))
    first, second = account.output.lines
    assert first.startswith(
        "Response from Pod server-a after 0.500 s connection=7 new=yes service=0.600 at="
    )
    assert " connection=7 new=no " in second
    assert account.pods["server-a"].opened == 1
    assert account.most_requests_on_a_connection == 2


@pytest.mark.parametrize(
    ("carried", "half"),
    [((), 0), ((1,), 1), ((1, 1, 1, 1), 2), ((9, 1, 1, 1), 1), ((3, 3, 2, 1), 2), ((2, 2, 1), 2)],
    ids=["none", "one", "even", "one-has-most", "two-have-most", "odd"],
)
def test_few_connections_that_carry_half_are_counted(carried: tuple[int, ...], half: int) -> None:
    """The busiest connections are counted until they carry half of the answers."""
    account = ledger(sum(carried))
    connections = [Connection(number, 0.0) for number in range(len(carried))]
    for turn in range(max(carried, default=0)):
        for connection, count in zip(connections, carried, strict=True):
            if turn < count:
                account.enter_answer(account.enter_send(0.0), answer(connection))
    assert account.half_carried_by() == half


def test_failure_is_one_line_whatever_its_detail() -> None:
    """A detail of many lines becomes one short line."""
    account = ledger(1)
    account.enter_failure(
        account.enter_send(0.0), ErrorKind.BAD_ANSWER, "one\ntwo\r\n" + "x" * 1000
    )
    (line,) = account.output.lines
    assert line.startswith("Request failed: bad_answer at=")
    assert " one two xxx" in line
    assert len(line) < 300
    assert line.isprintable()


def test_failure_on_a_known_pod_is_counted_there() -> None:
    """If a pod has answered on the connection, line and timeline name it."""
    account = ledger(2)
    for pod in ("server-b", None):
        connection = Connection(1, 0.0, pod=pod)
        account.enter_failure(
            account.enter_send(0.0), ErrorKind.CONNECTION_LOST, "reset", connection
        )
    known, unknown = account.output.lines
    assert " pod=server-b reset" in known
    assert "pod=" not in unknown
    series = account.timeline.as_record()
    for name in ("failed", "failed_ended"):
        assert {key: sum(counts.values()) for key, counts in series.of(name).items()} == {
            "connection_lost server-b": 1,
            "connection_lost": 1,
        }


def by_quarters(account: Ledger, series: str) -> dict[str, dict[float, int]]:
    """Return the counts of a series, by the second at which its bucket begins."""
    told = account.timeline.as_record()
    start = told.start_unix_seconds - 1_800_000_000.0
    return {
        key: {start + index / 4: count for index, count in counts.items()}
        for key, counts in told.of(series).items()
    }


def test_failure_is_counted_when_it_was_sent_and_when_it_ended() -> None:
    """A connect that times out half a minute later belongs to the time it was sent."""
    account = Ledger(HandClock(), Lines(), 2)
    send = account.enter_send(0.0)
    HandClock.now = 30.0
    account.enter_failure(send, ErrorKind.CONNECT_TIMEOUT, "late")
    account.enter_send(0.0)
    HandClock.now = 40.0
    account.close()
    HandClock.now = 0.0
    assert by_quarters(account, "failed") == {
        "connect_timeout": {0.0: 1},
        "interrupted": {30.0: 1},
    }
    assert by_quarters(account, "failed_ended") == {
        "connect_timeout": {30.0: 1},
        "interrupted": {40.0: 1},
    }
    failed, interrupted = account.output.lines
    assert failed == "Request failed: connect_timeout at=30.000 sent=0.000 late"
    assert interrupted == "Request failed: interrupted at=40.000 sent=30.000"


def test_connection_that_nobody_answered_is_unattributed() -> None:
    """Closed or still open at the end, it was opened to an unknown replica."""
    account = ledger(3)
    closed, answered = Connection(1, 0.0, closed_seconds=0.1), Connection(2, 0.0)
    account.enter_close(closed)
    account.enter_answer(account.enter_send(0.0), answer(answered))
    account.close([answered, Connection(3, 0.0)])
    series = account.timeline.as_record()
    assert sum(series.opened[""].values()) == 2
    assert sum(series.closed[""].values()) == 1
    assert sum(series.opened["server-a"].values()) == 1


def test_connection_that_several_pods_answer_counts_once() -> None:
    """Something in between balances each request, so the connection says nothing."""
    account = ledger(8)
    mixed, plain, single = (Connection(number, 0.0) for number in (1, 2, 3))
    for connection, pod in (
        (mixed, "server-a"),
        (mixed, "server-b"),
        (mixed, "server-c"),
        (plain, "server-b"),
        (plain, "server-b"),
        (single, "server-a"),
    ):
        account.enter_answer(account.enter_send(0.0), answer(connection, pod))
    assert (account.reused, account.several_pods) == (2, 1)
    assert {name: pod.opened for name, pod in account.pods.items()} == {
        "server-a": 2,
        "server-b": 1,
        "server-c": 0,
    }


def test_starts_of_a_pod_are_told_apart() -> None:
    """A server's uptime shows that it started again under its name."""
    account = Ledger(HandClock(), Lines(), 4)
    for now, instance, uptime in ((10.0, "x", 15.0), (11.0, "x", 16.5), (20.0, "y", 2.0)):
        HandClock.now = now
        connection = Connection(int(now), now - 0.5)
        given = {"instance": instance, "uptime_seconds": uptime}
        account.enter_answer(account.enter_send(0.0), answer(connection, **given))
    account.enter_answer(account.enter_send(0.0), answer(Connection(9, 20.0)))
    HandClock.now = 0.0
    x, y = (account.pods["server-a"].starts[name] for name in "xy")
    assert (x.started_seconds, x.opened_seconds, x.answered_seconds) == (-5.5, 9.5, 11.0)
    assert (y.started_seconds, y.opened_seconds, y.answered_seconds) == (18.0, 19.5, 20.0)
    assert (x.requests, y.requests) == (2, 1)
    assert len(account.pods["server-a"].starts) == 2


def test_starts_that_a_server_invents_are_bounded() -> None:
    """A server that names a new start in each answer does not fill the memory."""
    account = ledger(2 * MOST_STARTS)
    for index in range(2 * MOST_STARTS):
        given = {"instance": str(index), "uptime_seconds": 1.0}
        account.enter_answer(account.enter_send(0.0), answer(Connection(index, 0.0), **given))
    assert len(account.pods["server-a"].starts) == MOST_STARTS


def test_user_that_breaks_down_leaves_nothing_uncounted() -> None:
    """What it had in flight and had yet to send counts as failed by the client's fault."""
    account = ledger(5)
    send = account.enter_send(0.0)
    account.enter_breakdown(send, 3, "IndexError()")
    account.enter_breakdown(None, 1, "IndexError()")
    assert account.failed_by_kind == {ErrorKind.CLIENT_ERROR: 5}
    assert account.balanced()
    assert len(account.output.lines) == 5
    assert all(" client_error " in line for line in account.output.lines)


def test_answer_that_could_not_be_entered_is_not_answered() -> None:
    """An exception during the entry leaves the request in flight, for the breakdown to count."""
    account = ledger(1)
    send = account.enter_send(0.0)
    with pytest.raises(ValueError, match="NaN"):
        account.enter_answer(send, answer(Connection(1, 0.0), service_seconds=float("nan")))
    account.enter_breakdown(send, 0, "ValueError")
    assert (account.answered, account.failed) == (0, 1)
    assert account.balanced()


def test_first_and_last_send_are_known_whatever_the_order() -> None:
    """A client sends from its first to its last request, even if the first is at 0."""
    account = Ledger(HandClock(), Lines(), 3)
    for now in (5.0, 0.0, 3.0):
        HandClock.now = now
        account.enter_send(0.0)
    HandClock.now = 0.0
    assert (account.first_sent_seconds, account.last_sent_seconds) == (0.0, 5.0)


def test_response_time_counts_from_the_planned_send() -> None:
    """It is service time plus send lag, where coordinated omission would hide."""
    account = ledger(1)
    account.enter_answer(account.enter_send(2.0), answer(Connection(1, 0.0), service_seconds=0.5))
    assert account.service.as_record().max == 0.5
    assert account.response.as_record().max == 2.5


def test_lines_are_left_out_without_log_responses() -> None:
    """Without logResponses everything is counted and nothing is written."""
    account = ledger(3, log_responses=False)
    account.enter_answer(account.enter_send(0.0), answer(Connection(1, 0.0)))
    account.enter_failure(account.enter_send(0.0), ErrorKind.READ_TIMEOUT, "late")
    account.enter_breakdown(None, 0, "")
    account.close()
    assert account.output.lines == []
    assert (account.answered, account.failed) == (1, 2)


def test_close_in_mid_run_names_interrupted_and_not_sent() -> None:
    """At the end, what is in flight is interrupted; what is still to come is not sent."""
    account = ledger(10)
    sends = [account.enter_send(0.0) for _ in range(4)]
    account.enter_answer(sends[0], answer(Connection(1, 0.0)))
    account.close()
    assert account.failed_by_kind == {ErrorKind.INTERRUPTED: 3, ErrorKind.NOT_SENT: 6}
    assert account.balanced()
    assert str(account.progress()) == "Progress: 10 planned, 0 in flight, 1 answered, 9 failed"


def test_parts_tell_what_each_pod_has() -> None:
    """A connection without an answer is nobody's, and one that is closed nobody's any more."""
    account = ledger(9)
    kept, closed = Connection(1, 0.0), Connection(2, 0.0)
    for connection in (kept, kept, closed):
        account.enter_answer(account.enter_send(0.0), answer(connection))
    account.enter_failure(account.enter_send(0.0), ErrorKind.READ_TIMEOUT, "late", kept)
    account.enter_failure(
        account.enter_send(0.0), ErrorKind.READ_TIMEOUT, "late", Connection(3, 0.0)
    )
    closed.closed_seconds = 1.0
    account.enter_close(closed)
    assert account.parts(2) == Parts(1, (Part("server-a", answered=3, failed=1, held=1),))


def test_duration_run_plans_what_it_sends() -> None:
    """With a duration nothing is ever left unsent."""
    account = ledger(0)
    for _ in range(3):
        account.enter_send(0.0)
    account.close()
    assert (account.planned, account.failed_by_kind) == (3, {ErrorKind.INTERRUPTED: 3})
    assert account.enter_send(0.0) is None
    assert account.planned == 3


def test_connection_closed_before_its_first_answer_is_counted_with_its_pod() -> None:
    """If its end is entered before its pod is known, it ends when the pod is."""
    account = ledger(1)
    connection = Connection(1, 0.0, closed_seconds=1.5)
    account.enter_close(connection)
    account.enter_answer(account.enter_send(0.0), answer(connection))
    assert (account.pods["server-a"].opened, account.pods["server-a"].closed) == (1, 1)
    assert account.pods["server-a"].oldest_seconds == pytest.approx(1.5)


def test_end_of_a_connection_counts_once() -> None:
    """An end that two threads notice is one end."""
    account = ledger(1)
    connection = Connection(1, 0.0, closed_seconds=1.5)
    account.enter_answer(account.enter_send(0.0), answer(connection))
    account.enter_close(connection)
    assert account.pods["server-a"].closed == 1


def test_overhead_is_never_negative() -> None:
    """A server that claims a longer wait than the answer took causes no negative overhead."""
    account = ledger(1)
    account.enter_answer(account.enter_send(0.0), answer(Connection(1, 0.0), delay_seconds=5.0))
    assert account.overhead.as_record().max == 0.0
