"""How long a connection is kept."""

import time

import pytest
from tests.server.replicas import QUICK, Start, ask, read
from tests.server.variants import ALL, GTHREAD, STOCK_GTHREAD, Variant, each, side_by_side

THREADED = [GTHREAD, STOCK_GTHREAD]
KEEPING = [variant for variant in ALL if variant.keeps]
LIMITED = [one for one in ALL if "idle_timeout_seconds" in one.keep_alive.limits]
GUNICORNS_OWN_SECONDS = 2


@side_by_side(LIMITED)
def test_connection_silent_for_the_idle_timeout_is_closed(variant: Variant, start: Start) -> None:
    """The server closes a kept connection after the idle timeout, and no earlier."""
    replica = start(*variant.settings, *QUICK, "server.keepAlive.idleTimeoutSeconds=1")
    connection = replica.connect()
    ask(connection, "/")
    idle_since = time.monotonic()
    assert connection.sock.recv(1) == b""
    assert time.monotonic() - idle_since >= 0.9
    connection.close()


@side_by_side(KEEPING)
def test_connection_without_idle_timeout_stays_open(variant: Variant, start: Start) -> None:
    """With 0, a connection outlives gunicorn's own default."""
    replica = start(*variant.settings, *QUICK, "server.keepAlive.idleTimeoutSeconds=0")
    connection = replica.connect()
    sock = connection.sock
    ask(connection, "/")
    time.sleep(GUNICORNS_OWN_SECONDS + 0.5)
    answer = ask(connection, "/", Accept="application/json")
    assert connection.sock is sock
    assert answer.json["connection"]["requests"] == 2
    connection.close()


@each(THREADED)
@pytest.mark.parametrize("threads", [0, 20])
def test_five_hundred_connections_are_all_kept(
    threads: int, variant: Variant, start: Start
) -> None:
    """gthread keeps every connection, however many threads it has."""
    delay = ("server.delay.minSeconds=0.1", "server.delay.maxSeconds=0.1")
    quick = delay if threads == 0 else QUICK
    replica = start(*variant.settings, *quick, f"server.gunicorn.threads={threads}")
    connections = [replica.connect() for _ in range(500)]
    sockets = [connection.sock for connection in connections]
    for _ in range(2):
        for connection in connections:
            connection.request("GET", "/")
        for connection in connections:
            assert read(connection).headers["Connection"] == "keep-alive"
    assert [connection.sock for connection in connections] == sockets
    assert replica.stats()["connections"] == 500
    assert replica.stats()["answered"] == 1000
    for connection in connections:
        connection.close()


@each(THREADED)
def test_client_that_does_not_close_holds_up_nobody(variant: Variant, start: Start) -> None:
    """gthread waits up to 2 s for a client to close, in that request's thread, not its loop."""
    replica = start(*variant.settings, *QUICK)
    connections = [replica.connect() for _ in range(5)]
    for connection in connections:
        connection.sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    for connection in connections:
        assert connection.sock.recv(4096)
    started = time.monotonic()
    assert replica.get("/healthz").status == 200
    assert time.monotonic() - started < 6  # 5 connections of 2 s each
    for connection in connections:
        connection.close()
