"""Whether a request can crash a server whose threads have small stacks."""

import errno
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.server.replicas import BOUND_SECONDS, QUICK, Replica, Start
from tests.server.variants import FLASK, GTHREAD, STOCK_GTHREAD, Shared, Variant, each

THREADED = [FLASK, GTHREAD, STOCK_GTHREAD]

GET = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"


def body(kind: bytes, content: bytes) -> bytes:
    """Make a request with a body."""
    head = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: %s\r\n" % kind
    return head + b"Content-Length: %d\r\n\r\n" % len(content) + content


HOSTILE = {
    "headers-of-800-kB": GET + b"".join(b"X-%d: %s\r\n" % (n, b"a" * 8000) for n in range(97)),
    "200-headers": GET + b"".join(b"X-%d: a\r\n" % n for n in range(200)),
    "header-of-64-kB": GET + b"X: " + b"a" * 65_000 + b"\r\n",
    "header-of-1-MB": GET + b"X: " + b"a" * 1_000_000 + b"\r\n",
    "folded-header": GET + b"X: a\r\n" + b" b\r\n" * 5000,
    "path-of-4-kB": b"GET /" + b"a/" * 2000 + b" HTTP/1.1\r\nHost: x\r\n",
    "path-of-64-kB": b"GET /" + b"a/" * 32_000 + b" HTTP/1.1\r\nHost: x\r\n",
    "path-of-1-MB": b"GET /" + b"a/" * 500_000 + b" HTTP/1.1\r\nHost: x\r\n",
    "brackets": b"GET /" + b"%5B" * 600 + b"?" + b"a[]=" * 500 + b" HTTP/1.1\r\nHost: x\r\n",
    "host-of-dots": b"GET / HTTP/1.1\r\nHost: " + b"a." * 4000 + b"\r\n",
    "host-without-dots": b"GET / HTTP/1.1\r\nHost: " + b"a" * 8000 + b"\r\n",
    "host-of-brackets": b"GET / HTTP/1.1\r\nHost: " + b"[" * 8000 + b"\r\n",
    "cookies": GET + b"Cookie: " + b'a="\\' * 2000 + b"\r\n",
    "accept-of-brackets": GET + b"Accept: " + b"(" * 8000 + b"\r\n",
    "encodings": GET + b"Transfer-Encoding: " + b"chunked," * 900 + b"chunked\r\n",
    "no-http": b"\x00\xff[{(" * 10_000 + b"\r\n",
    "deep-json": body(b"application/json", b"[" * 200_000),
    "deep-mail": body(b"message/rfc822", b"Content-Type: message/rfc822\r\n\r\n" * 9000),
    "deep-form": body(b"multipart/mixed; boundary=a", b"--a\r\n\r\n" * 9000),
}
"""Each without the empty line that ends it, except those with a body."""

REFUSED = (errno.ECONNRESET, errno.EPIPE, errno.ENOTCONN)
"""What a client sees if its request is refused before all of it is read."""


def send(replica: Replica, request: bytes) -> None:
    """Send a request and half-close; read what comes back, if anything."""
    with socket.create_connection(replica.urls[0], timeout=BOUND_SECONDS) as sock:
        try:
            sock.sendall(request if request.startswith(b"POST") else request + b"\r\n")
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(65_536):
                pass
        except OSError as error:
            if error.errno not in REFUSED:
                raise


@each(THREADED)
@pytest.mark.parametrize("request_", HOSTILE.values(), ids=HOSTILE)
def test_server_outlives_a_hostile_request(
    request_: bytes, variant: Variant, quick: Shared
) -> None:
    """The same instance goes on answering: neither the server nor its worker dies."""
    replica = quick(variant)
    before = replica.stats()["instance"]
    for _ in range(3):
        send(replica, request_)
    assert replica.stats()["instance"] == before
    assert replica.get("/").status == 200
    assert replica.process.poll() is None


@pytest.fixture
def failing(start: Start, tmp_path: Path) -> Callable[[Variant], Replica]:
    """Start a replica whose app recurses endlessly through C code."""
    code = (
        "from long_lived.server import delay\n\n\n"
        "class Deep:\n    def __str__(self):\n        return str(self)\n\n\n"
        "delay.delay_seconds = lambda *_: str(Deep())\n"
    )
    (tmp_path / "sitecustomize.py").write_text(code)
    return lambda variant: start(*variant.settings, *QUICK, PYTHONPATH=str(tmp_path))


@each(THREADED)
def test_endless_recursion_in_a_request_is_only_an_error(
    variant: Variant, failing: Callable[[Variant], Replica]
) -> None:
    """An exception as deep as Python allows fits the stack of a server's thread."""
    replica = failing(variant)
    before = replica.stats()["instance"]
    assert replica.get("/").status == 500
    assert "RecursionError" in replica.log
    assert replica.stats()["instance"] == before
