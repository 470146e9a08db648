"""What a replica reads at most, and how long it waits for it."""

import re
import socket
import time
from contextlib import suppress
from functools import cache

import pytest
from tests.server.replicas import BOUND_SECONDS, Replica, Start, ask
from tests.server.variants import (
    ALL,
    STOCK_GEVENT,
    STOCK_GTHREAD,
    STOCK_SYNC,
    Shared,
    Variant,
    each,
    side_by_side,
)

WAITING = [one for one in ALL if one not in (STOCK_GTHREAD, STOCK_GEVENT, STOCK_SYNC)]
"""Those that wait only so long for headers: gunicorn's own workers do not (docs/workers.md)."""

KEEPING = [variant for variant in WAITING if variant.keeps]

HALF = b"GET / HTTP/1.1\r\nHost: x\r\n"
REFUSED = {400, 408, 413, 414, 431}
JSON = {"Accept": "application/json"}

AT_ONCE, LATE = {"Long-Lived-Draw": "0"}, {"Long-Lived-Draw": "1"}


@pytest.fixture(scope="session")
def impatient(start_for_session: Start) -> Shared:
    """Return a replica that waits a second for headers, and delays an answer for twice that."""

    @cache
    def of(variant: Variant) -> Replica:
        bounds = ("server.headerTimeoutSeconds=1", "server.delay.minSeconds=0")
        return start_for_session(*variant.settings, *bounds, "server.delay.maxSeconds=2")

    return of


def drip(sock: socket.socket) -> None:
    """Send headers without end, a few bytes at a time, until the server has had enough."""
    until = time.monotonic() + BOUND_SECONDS
    try:
        while time.monotonic() < until:
            sock.sendall(b"X: a\r\n")
            time.sleep(0.1)
    except ConnectionError:
        return
    raise AssertionError("it goes on reading headers")


def answer_to(sock: socket.socket) -> bytes:
    """Read until the server closes the connection; return what it said."""
    said = b""
    try:
        while piece := sock.recv(65_536):
            said += piece
    except ConnectionError:
        pass
    except TimeoutError:
        raise AssertionError(f"it is still open: {said!r}") from None
    return said


def status_of(said: bytes) -> int | None:
    """Return the status of an answer, None where there is none."""
    return int(said.split()[1]) if said.startswith(b"HTTP/1.") else None


def connect(replica: Replica) -> socket.socket:
    """Open a connection without a client's manners."""
    return socket.create_connection(replica.urls[0], timeout=BOUND_SECONDS)


@side_by_side(WAITING)
def test_slow_client_holds_a_connection_only_so_long(variant: Variant, impatient: Shared) -> None:
    """Its request is never answered, its connection is closed, and others are answered."""
    replica = impatient(variant)
    answered = replica.stats()["answered"]
    with connect(replica) as silent, connect(replica) as half, connect(replica) as dripping:
        half.sendall(HALF)
        dripping.sendall(HALF)
        assert replica.get("/", **AT_ONCE).status == 200
        drip(dripping)
        for sock in (silent, half):
            assert status_of(answer_to(sock)) in {None, *REFUSED}
    assert replica.stats()["answered"] == answered + 1
    if variant.runtime != "go":  # net/http says nothing
        assert re.search(
            r" WARNING Gave up 1 so far whose headers were not complete after 1 s, "
            r"now from 127\.0\.0\.1\n",
            replica.log,
        )


@side_by_side(KEEPING)
def test_idle_connection_is_no_slow_client(variant: Variant, impatient: Shared) -> None:
    """A kept connection may be silent, and an answer late, for longer than headers may take."""
    connection = impatient(variant).connect()
    for number, draw in enumerate((AT_ONCE, LATE, AT_ONCE), start=1):
        assert ask(connection, **JSON, **draw).json["connection"]["requests"] == number
        time.sleep(1.5 * (number == 1))


@side_by_side(KEEPING)
def test_slow_request_on_a_kept_connection_ends_it(variant: Variant, impatient: Shared) -> None:
    """The time counts from the first byte of each request."""
    connection = impatient(variant).connect()
    assert ask(connection, **AT_ONCE).status == 200
    connection.sock.sendall(HALF)
    assert status_of(answer_to(connection.sock)) in {None, *REFUSED}


WINDOW_SECONDS = 10
"""A server that closes at the moment when it has read all that its window allowed leaves the kernel
of a client that goes on sending to ask every so often, for 102 s, whether the window is open."""

HEADERS = {
    "one-of-10-MB": b"X: " + b"a" * 10_000_000,
    "many-of-10-MB": b"".join(b"X-%d: a\r\n" % number for number in range(900_000)),
    "line-of-10-MB": b"",
}


@each(ALL)
@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS)
def test_headers_of_10_mb_are_refused(headers: bytes, variant: Variant, impatient: Shared) -> None:
    """They get a refusal or nothing, long before they are complete; others are answered."""
    replica = impatient(variant)
    with connect(replica) as sock:
        sock.settimeout(WINDOW_SECONDS)
        with suppress(ConnectionError, TimeoutError):
            sock.sendall(HALF + headers if headers else b"GET /" + b"a" * 10_000_000)
        assert status_of(answer_to(sock)) in {None, *REFUSED}
    assert replica.get("/", **AT_ONCE).status == 200


@each(ALL)
@pytest.mark.parametrize("length", [10, 10**9], ids=["10-B", "1-GB"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_body_that_never_comes_holds_nothing(
    method: str, length: int, variant: Variant, impatient: Shared
) -> None:
    """The answer does not wait for it; too large a one is refused; the connection is closed."""
    replica = impatient(variant)
    request = f"{method} / HTTP/1.1\r\nHost: x\r\nLong-Lived-Draw: 0\r\nContent-Length: {length}"
    with connect(replica) as sock:
        sock.sendall(request.encode() + b"\r\n\r\n")
        said = answer_to(sock)
    expected = 413 if length == 10**9 else {"GET": 200, "POST": 405}[method]
    assert status_of(said) == expected
    assert b"\r\nConnection: close\r\n" in said
    assert replica.get("/", **AT_ONCE).status == 200


@each(ALL)
def test_body_without_end_is_not_read_to_its_end(variant: Variant, impatient: Shared) -> None:
    """The server closes while the client goes on sending chunks."""
    replica = impatient(variant)
    chunk = b"10000\r\n" + b"a" * 65_536 + b"\r\n"
    with connect(replica) as sock:
        sock.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        with pytest.raises(ConnectionError):
            for _ in range(10_000):
                sock.sendall(chunk)
    assert replica.get("/", **AT_ONCE).status == 200


@each(ALL)
@pytest.mark.parametrize("path", ["/", "/nothing"])
def test_server_header_names_the_runtime_and_no_version(
    path: str, variant: Variant, impatient: Shared
) -> None:
    """Whoever asks learns no more than an answer says anyway."""
    assert impatient(variant).get(path, **AT_ONCE).headers["Server"] == variant.runtime
