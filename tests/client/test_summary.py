"""What a client's summary says of its connections, from a ledger with a clock moved by hand."""

from long_lived.client.ledger import Ledger
from long_lived.client.stalls import Stalls
from long_lived.client.summary import summarize
from long_lived.client.transport.connections import Connection
from long_lived.record.summary import Cost, Summary
from long_lived.settings import Settings

from .ledgers import HandClock, Lines, answer


def summary_of(ledger: Ledger, opened: int) -> Summary:
    """Sum up a closed ledger."""
    return summarize(
        Settings(),
        ledger,
        opened=opened,
        retired=0,
        client_id="0123456789abcdef",
        stalls=Stalls(),
        load_seconds=10.0,
        stopped_by=None,
        problem=None,
        cost=Cost(cpu_seconds=0.0, peak_memory_bytes=0),
    )


def test_ages_are_those_of_open_connections_and_the_oldest_that_there_was() -> None:
    """A connection that has ended counts for the oldest, and no longer among the open ones."""
    clock = HandClock()
    clock.restart()
    ledger = Ledger(clock, Lines(), 4)
    ended, young, old = Connection(1, 1.0), Connection(2, 7.0), Connection(3, 2.0)
    for connection, pod in ((ended, "a"), (young, "a"), (old, "b"), (young, "a")):
        ledger.enter_answer(ledger.enter_send(0.0), answer(connection, pod))
    ended.closed_seconds = 7.5
    ledger.enter_close(ended)
    clock.now = 10.0
    ledger.close([young, old])
    pods = summary_of(ledger, opened=3).pods
    assert (pods["a"].connections_open, pods["b"].connections_open) == (1, 1)
    assert (pods["a"].oldest_connection_seconds, pods["b"].oldest_connection_seconds) == (6.5, 8)
    assert pods["a"].open_age_seconds.max == 3
    assert pods["b"].open_age_seconds.max == 8
