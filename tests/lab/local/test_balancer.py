"""The kernel's choice among replicas that come and go."""

import math
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from tests.sockets import most_open_files

from long_lived.lab.local.balancer import Balancer, listening
from long_lived.server.balance import balance_at_random, drop_all
from long_lived.server.listener import open_listeners

CONNECTIONS = 3000


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Close all sockets when the test ends."""
    with most_open_files(), ExitStack() as opened:
        yield opened


def listen(stack: ExitStack, port: int) -> socket.socket:
    """Open another listener on a shared port."""
    (opened,) = open_listeners([f"127.0.0.1:{port}"], 8000, CONNECTIONS, reuse_port=True)
    opened.setblocking(False)
    return stack.enter_context(opened)


def spread(listeners: list[socket.socket], count: int = CONNECTIONS) -> list[int]:
    """Make this many connections; count them by listener, in the order of `listeners`."""
    counts = [0] * len(listeners)
    with ExitStack() as opened:
        for _ in range(count):
            client = opened.enter_context(socket.socket())
            client.connect(listeners[0].getsockname())
        for index, listener in enumerate(listeners):
            while True:
                try:
                    accepted, _ = listener.accept()
                except BlockingIOError:
                    break
                accepted.close()
                counts[index] += 1
    return counts


def is_fair(counts: list[int]) -> bool:
    """Tell whether each got its share, within six standard deviations."""
    total, share = sum(counts), 1 / len(counts)
    most = 6 * math.sqrt(total * share * (1 - share))
    return total == CONNECTIONS and all(abs(one - total * share) < most for one in counts)


def test_choice_follows_who_comes_and_who_goes(stack: ExitStack) -> None:
    """Each gets its share of thousands of connections, after a scale-up and a scale-down."""
    listeners = [listen(stack, 0)]
    address = listeners[0].getsockname()
    listeners += [listen(stack, address[1]) for _ in range(2)]
    assert balance_at_random(listeners[0], 3)
    balancer = Balancer(address, 3)
    assert is_fair(spread(listeners))
    listeners += [listen(stack, address[1]) for _ in range(2)]
    assert spread(listeners)[3:] == [0, 0], "nobody has told the kernel yet"
    balancer.look(listening().count(address))
    assert is_fair(spread(listeners))
    for _ in range(3):
        listeners.pop(1).close()
    balancer.look(listening().count(address))
    assert is_fair(spread(listeners))


def test_choice_outlives_a_time_without_listeners(stack: ExitStack) -> None:
    """If all went and others came, the new ones share the connections."""
    first = listen(stack, 0)
    address = first.getsockname()
    held = stack.enter_context(socket.socket())
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    held.bind(address)
    balancer = Balancer(address, 1)
    first.close()
    balancer.look(listening().count(address))
    others = [listen(stack, address[1]) for _ in range(2)]
    balancer.look(listening().count(address))
    assert is_fair(spread(others))


def test_listener_that_drops_all_answers_nobody(stack: ExitStack) -> None:
    """A connection to it is neither made nor refused: it is retried."""
    own = listen(stack, 0)
    drop_all(own)
    client = stack.enter_context(socket.socket())
    client.settimeout(0.3)
    with pytest.raises(TimeoutError):
        client.connect(own.getsockname())


def test_listening_addresses_are_seen_until_they_are_closed(stack: ExitStack) -> None:
    """Each listener counts once; a connection does not count."""
    first = listen(stack, 0)
    address = first.getsockname()
    stack.enter_context(socket.create_connection(address))
    assert listening().count(address) == 1
    second = listen(stack, address[1])
    assert listening().count(address) == 2
    second.close()
    first.close()
    assert address not in listening()
