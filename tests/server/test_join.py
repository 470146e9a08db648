"""A replica that joins others at their address, like a pod once the Service knows of it."""

import signal
import socket
import subprocess

import pytest
from tests.waiting import eventually

from .replicas import BOUND_SECONDS, QUICK, Start, command, environment, refusal
from .variants import FLASK, GO, GTHREAD, Variant, each

LONG = "600"
"""Longer than any test waits."""


def free_port() -> int:
    """Find a port at which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def listens(host: str, port: int) -> bool:
    """Tell whether anything accepts connections there."""
    try:
        socket.create_connection((host, port), timeout=BOUND_SECONDS).close()
    except ConnectionRefusedError:
        return False
    return True


@each([FLASK, GTHREAD, GO])
def test_replica_serves_the_address_that_it_joins(variant: Variant, start: Start) -> None:
    """Both its own address and the shared one reach it; the kernel's choice is left alone."""
    joined = ("--join", f"127.0.0.1:{free_port()}", "0")
    replica = start(
        *variant.settings, *QUICK, binds=("127.0.0.1:0",), flags=("--reuse-port", *joined)
    )
    pods = {replica.get("/stats", address=address).json["instance"] for address in (0, 1)}
    assert len(pods) == 1
    assert replica.stats()["balanced_at_random"] is None


@each([FLASK, GTHREAD, GO])
def test_replica_takes_nothing_at_the_shared_address_for_a_while(variant: Variant) -> None:
    """It listens at its own address first, at the shared one after the lag, and can be stopped."""
    own, shared = free_port(), free_port()
    joining = ("--reuse-port", "--join", f"127.0.0.1:{shared}", LONG)
    line = command(*variant.settings, *QUICK, binds=(f"127.0.0.2:{own}",), flags=joining)
    with subprocess.Popen(line, env=environment(), stderr=subprocess.DEVNULL) as process:
        try:
            eventually(lambda: listens("127.0.0.2", own))
            assert not listens("127.0.0.1", shared)
            process.terminate()
            assert process.wait(BOUND_SECONDS) == -signal.SIGTERM
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("address", "seconds", "words"),
    [
        ("127.0.0.1:1", "soon", "--join: 'soon' is not allowed: must be seconds from 0 to 3600"),
        ("127.0.0.1:1", "-1", "--join: '-1' is not allowed: must be seconds from 0 to 3600"),
        ("127.0.0.1:1", "nan", "--join: 'nan' is not allowed: must be seconds from 0 to 3600"),
        ("127.0.0.1", "1", "'127.0.0.1' is not allowed: must be HOST:PORT"),
    ],
)
def test_address_that_cannot_be_joined_is_refused(address: str, seconds: str, words: str) -> None:
    """The line names what was given and what is allowed."""
    assert words in refusal("--reuse-port", "--join", address, seconds)
