"""How a replica ends: what each runtime does with answers in flight and with its port."""

import http.client
import os
import shutil
import signal
import subprocess
import time

import pytest
from tests.server.replicas import BOUND_SECONDS, QUICK, Replica, Start, ask, read
from tests.server.variants import (
    FLASK,
    GEVENT,
    GO,
    GO_DRAINING,
    GTHREAD,
    STOCK_GEVENT,
    STOCK_GTHREAD,
    STOCK_SYNC,
    SYNC,
    Variant,
    side_by_side,
)
from tests.sockets import listeners
from tests.waiting import eventually

DRAINING = [GTHREAD, GEVENT, SYNC, STOCK_GTHREAD, STOCK_GEVENT, STOCK_SYNC, GO_DRAINING]
KEEPING = [GTHREAD, GEVENT, STOCK_GTHREAD, STOCK_GEVENT, GO_DRAINING]
ENDING = [FLASK, GO]

SLOW = ("server.delay.minSeconds=2", "server.delay.maxSeconds=2")
LONGER = ("server.delay.minSeconds=6", "server.delay.maxSeconds=6")
"""As long as it may take to ask another replica thirty times, beside a dozen of them."""
ENDLESS = ("server.delay.minSeconds=600", "server.delay.maxSeconds=600")
LASTING = "server.gracefulTimeoutSeconds=300"
"""A drain that no test waits for."""

JSON = {"Accept": "application/json"}


def in_flight(replica: Replica, variant: Variant, address: int = 0) -> http.client.HTTPConnection:
    """Send a request, and return its connection once the server is waiting."""
    connection = replica.connect(address)
    connection.request("GET", "/", headers=JSON)
    if variant.concurrent:
        eventually(lambda: replica.stats()["in_flight"] == 1)
    else:
        time.sleep(0.3)  # it cannot answer a probe meanwhile
    return connection


def refused(replica: Replica, address: int = 0) -> bool:
    """Return whether a new connection is refused."""
    try:
        replica.connect(address).close()
    except ConnectionRefusedError:
        return True
    except ConnectionResetError:
        pass
    return False


@side_by_side(DRAINING)
def test_sigterm_lets_the_answer_in_flight_finish_and_refuses_new_connections(
    variant: Variant, start: Start
) -> None:
    """A draining replica gives up its port at once, answers, then closes the connection."""
    replica = start(*variant.settings, *SLOW)
    connection = in_flight(replica, variant)
    replica.signal(signal.SIGTERM)
    eventually(lambda: refused(replica))
    sock = connection.sock
    answer = read(connection)
    assert answer.json["delay_seconds"] >= 2
    assert answer.headers["Connection"] == "close"
    assert sock.fileno() == -1 or sock.recv(1) == b""
    connection.close()
    assert replica.wait() == 0
    assert "Stopped pod=" in replica.log
    assert "answered=1 connections=1 in_flight=0" in replica.log
    assert "Traceback" not in replica.log


@side_by_side(DRAINING)
def test_draining_replica_refuses_connections_before_its_answer_is_out(
    variant: Variant, start: Start
) -> None:
    """A connection that the kernel queued for it would hang, and be reset in the end."""
    replica = start(*variant.settings, *ENDLESS, LASTING)
    in_flight(replica, variant)
    replica.signal(signal.SIGTERM)
    keeps = "test_draining_replica_refuses_connections_before_its_answer_is_out" in variant.differs
    deadline = time.monotonic() + (3 if keeps else BOUND_SECONDS)
    while not refused(replica):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert replica.process.poll() is None


@side_by_side(ENDING)
def test_sigterm_ends_a_replica_without_drain_at_once(variant: Variant, start: Start) -> None:
    """The development server and Go's default drop what is in flight."""
    replica = start(*variant.settings, *ENDLESS)
    connection = in_flight(replica, variant)
    replica.signal(signal.SIGTERM)
    assert replica.wait() in (128 + signal.SIGTERM, -signal.SIGTERM)
    with pytest.raises(ConnectionError):
        read(connection)
    connection.close()


@side_by_side([FLASK, GTHREAD, GEVENT, SYNC])
def test_sigint_ends_a_replica_at_once(variant: Variant, start: Start) -> None:
    """Ctrl-C never waits for answers in flight; with gunicorn's own workers that is a race."""
    replica = start(*variant.settings, *ENDLESS, LASTING)
    connection = in_flight(replica, variant)
    os.killpg(replica.process.pid, signal.SIGINT)
    replica.wait()
    connection.close()
    assert "Traceback" not in replica.log


@side_by_side(DRAINING)
def test_draining_replica_leaves_a_shared_port_to_the_other(variant: Variant, start: Start) -> None:
    """Once it drains, every new connection to the shared port goes to the other."""
    first = start(
        *variant.settings,
        *LONGER,
        binds=("127.0.0.1:0", "127.0.1.7:0"),
        flags=("--reuse-port",),
        POD_ID="first",
    )
    second = start(
        *variant.settings,
        *QUICK,
        binds=(f"127.0.0.1:{first.port}",),
        flags=("--reuse-port",),
        POD_ID="second",
    )
    connection = in_flight(first, variant, address=1)
    first.signal(signal.SIGTERM)
    eventually(lambda: refused(first, address=1) and len(listeners(second.port)) == 1)
    assert {second.get("/", **JSON).json["pod"] for _ in range(30)} == {"second"}
    assert read(connection).json["pod"] == "first"
    connection.close()
    assert first.wait() == 0


@side_by_side(KEEPING)
def test_idle_connections_do_not_hold_up_the_stop(variant: Variant, start: Start) -> None:
    """A draining replica closes idle connections, also those that never sent a request."""
    waits = "test_idle_connections_do_not_hold_up_the_stop" in variant.differs
    longest = 4 if waits else 60
    generous = (f"server.gracefulTimeoutSeconds={longest}", "server.keepAlive.idleTimeoutSeconds=0")
    replica = start(*variant.settings, *QUICK, *generous)
    # First, since once a later connection is answered, this one has been accepted, too: one
    # that is still in the listen queue would be reset.
    silent = replica.connect()
    kept = [replica.connect() for _ in range(5)]
    for connection in kept:
        ask(connection, "/")
    started = time.monotonic()
    replica.signal(signal.SIGTERM)
    assert replica.wait() == 0
    # gthread and Go give a connection without a request 5 s to send one.
    assert time.monotonic() - started < longest - 1
    for connection in [*kept, silent]:
        assert connection.sock.recv(1) == b""
        connection.close()


@side_by_side(KEEPING)
def test_drain_ends_at_the_graceful_timeout(variant: Variant, start: Start) -> None:
    """What is unanswered at the graceful timeout is given up, and the log counts it."""
    replica = start(*variant.settings, *ENDLESS, "server.gracefulTimeoutSeconds=1")
    connection = in_flight(replica, variant)
    replica.signal(signal.SIGTERM)
    replica.wait()
    with pytest.raises(ConnectionError):
        read(connection)
    connection.close()
    assert "answered=0 connections=1 in_flight=1" in replica.log
    assert "Traceback" not in replica.log


@side_by_side([GTHREAD, GEVENT, STOCK_GTHREAD, STOCK_GEVENT])
def test_worker_that_dies_is_replaced_on_the_same_port(variant: Variant, start: Start) -> None:
    """SIGTERM to the worker alone is no stop: the master starts another, and nothing is lost."""
    replica = start(*variant.settings, *QUICK)
    (worker,) = (
        int(pid)
        for pid in subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(replica.process.pid)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
    )
    os.kill(worker, signal.SIGTERM)
    eventually(lambda: replica.log.count("Serving pod=") == 2)
    assert replica.get("/").status == 200
    replica.signal(signal.SIGTERM)
    assert replica.wait() == 0


@pytest.mark.skipif(
    shutil.which("unshare") is None
    or subprocess.run(
        ["unshare", "--pid", "--fork", "true"], capture_output=True, check=False
    ).returncode
    != 0,
    reason="needs the right to make a PID namespace",
)
@side_by_side([FLASK, GTHREAD, GO])
def test_sigterm_ends_a_replica_that_is_pid_1(variant: Variant, start: Start) -> None:
    """In a container the server is PID 1, to which signals without a handler do nothing."""
    replica = start(
        *variant.settings,
        *QUICK,
        prefix=("unshare", "--pid", "--fork", "--kill-child"),
    )
    (inner,) = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(replica.process.pid)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    os.kill(int(inner), signal.SIGTERM)
    replica.wait()
