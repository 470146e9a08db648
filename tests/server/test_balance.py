"""How the kernel spreads connections over replicas that share a port."""

import math
import os
import socket
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.namespaces import UNPRIVILEGED
from tests.refusal_of_filters import refuse_filters
from tests.sockets import most_open_files

from long_lived.server.balance import HASH_WARNING, balance_at_random, drop_all, drop_nothing
from long_lived.server.listener import open_listeners

from .replicas import QUICK, Start
from .variants import FLASK, GO, GTHREAD, Variant, each

MANY = 600


def listen(stack: ExitStack, port: int) -> socket.socket:
    """Open another listener on a shared port."""
    (opened,) = open_listeners([f"127.0.0.1:{port}"], 8000, MANY, reuse_port=True)
    return stack.enter_context(opened)


def spread(listeners: list[socket.socket], stack: ExitStack, count: int) -> Counter[int]:
    """Make this many connections, keep them all, and count them by listener."""
    for _ in range(count):
        client = stack.enter_context(socket.socket())
        client.connect(listeners[0].getsockname())
    counts: Counter[int] = Counter()
    for index, listener in enumerate(listeners):
        listener.setblocking(False)
        while True:
            try:
                accepted, _ = listener.accept()
            except BlockingIOError:
                break
            stack.enter_context(accepted)
            counts[index] += 1
    return counts


@pytest.mark.parametrize("replicas", [2, 3, 5])
def test_connections_are_spread_over_all_listeners(replicas: int) -> None:
    """Every listener gets its share, within six standard deviations."""
    with most_open_files(), ExitStack() as stack:
        listeners = [listen(stack, 0)]
        port = listeners[0].getsockname()[1]
        listeners += [listen(stack, port) for _ in range(replicas - 1)]
        assert all(balance_at_random(listener, replicas) for listener in listeners)
        counts = spread(listeners, stack, MANY)
    share = 1 / replicas
    deviation = math.sqrt(MANY * share * (1 - share))
    assert sum(counts.values()) == MANY
    for index in range(replicas):
        assert abs(counts[index] - MANY * share) < 6 * deviation


def test_choice_does_not_depend_on_the_ports() -> None:
    """One source port reaches different listeners: the kernel's own hash would pick one."""
    with ExitStack() as stack:
        first = listen(stack, 0)
        second = listen(stack, first.getsockname()[1])
        assert all(balance_at_random(listener, 2) for listener in (first, second))
        chosen = set()
        source = None
        for _ in range(40):
            with socket.socket() as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                # Reset on close, so that the port is free again at once.
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                client.bind(source or ("127.0.0.1", 0))
                source = client.getsockname()
                client.connect(first.getsockname())
                for index, listener in enumerate((first, second)):
                    listener.setblocking(False)
                    try:
                        accepted, _ = listener.accept()
                    except BlockingIOError:
                        continue
                    accepted.close()
                    chosen.add(index)
    assert chosen == {0, 1}


def test_missing_listener_gets_nothing_and_nothing_is_lost() -> None:
    """While a replica is away the others take all, by the kernel's own hash."""
    with most_open_files(), ExitStack() as stack:
        first = listen(stack, 0)
        second = listen(stack, first.getsockname()[1])
        assert all(balance_at_random(listener, 3) for listener in (first, second))
        counts = spread([first, second], stack, MANY)
    assert sum(counts.values()) == MANY
    assert min(counts[0], counts[1]) > MANY // 4


@each([FLASK, GTHREAD, GO])
def test_refused_filter_is_warned_of_in_one_line(
    variant: Variant, start: Start, tmp_path: Path
) -> None:
    """The kernel goes on choosing by hash: the log says so and what follows, as does /stats."""
    python_path = refuse_filters(tmp_path)
    replica = start(*variant.settings, *QUICK, flags=("--reuse-port",), PYTHONPATH=python_path)
    (line,) = [line for line in replica.log.splitlines() if " WARNING The kernel" in line]
    assert line.endswith(HASH_WARNING)
    assert "hash" in line
    assert replica.stats()["balanced_at_random"] is False


@each([FLASK, GTHREAD, GO])
def test_accepted_filter_gives_no_warning(variant: Variant, start: Start) -> None:
    """Nothing is said if the kernel takes the filter; test_contract has ports of one's own."""
    replica = start(*variant.settings, *QUICK, flags=("--reuse-port",))
    assert "The kernel" not in replica.log
    assert replica.stats()["balanced_at_random"] is True


@pytest.mark.parametrize(
    ("bind", "host"), [("127.0.0.1", "127.0.0.1"), ("[::]", "127.0.0.1"), ("[::]", "::1")]
)
def test_listener_that_keeps_out_serves_its_queue_and_no_more(bind: str, host: str) -> None:
    """A queued connection is served; a later one is never established, and then refused."""
    with ExitStack() as stack:
        (listener,) = open_listeners([f"{bind}:0"], 8000, MANY, reuse_port=True)
        stack.enter_context(listener)
        address = host, listener.getsockname()[1]
        queued = stack.enter_context(socket.create_connection(address))
        drop_all(listener)
        with pytest.raises(TimeoutError):
            socket.create_connection(address, timeout=0.3)
        accepted, _ = listener.accept()
        with accepted:
            listener.setblocking(False)
            with pytest.raises(BlockingIOError):
                listener.accept()
            listener.close()
            queued.sendall(b"still heard")
            assert accepted.recv(100) == b"still heard"
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address, timeout=5)


def test_connection_that_was_being_made_meanwhile_is_heard() -> None:
    """Its handshake began before and ended after the listener kept others out."""
    with ExitStack() as stack:
        listener = listen(stack, 0)
        # The kernel completes it with the first data, as with a last packet that is late.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 30)
        client = stack.enter_context(socket.create_connection(listener.getsockname()))
        drop_all(listener)
        client.sendall(b"first")
        listener.settimeout(5)
        accepted = stack.enter_context(listener.accept()[0])
        assert accepted.recv(100) == b"first"
        drop_nothing(accepted)
        client.sendall(b"next")
        accepted.settimeout(5)
        assert accepted.recv(100) == b"next"


KEEP_OUT = """
import socket
from long_lived.server.balance import drop_all
with socket.create_server(("127.0.0.1", 0)) as listener:
    drop_all(listener)
    socket.create_connection(listener.getsockname(), timeout=0.3)
"""


def test_keeping_out_takes_no_privilege() -> None:
    """Neither users nor pods under restricted Pod Security have any."""
    prefix = () if os.geteuid() else UNPRIVILEGED
    command = [*prefix, sys.executable, "-c", KEEP_OUT]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr.endswith("TimeoutError: timed out\n")
