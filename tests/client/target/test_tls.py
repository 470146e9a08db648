"""TLS: connections are kept, counted and resumed as plain ones, and what fails has its own word."""

import datetime
import select
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from long_lived.record.error_kind import ErrorKind

Script = Callable[[socket.socket], None]
IDENTITY = "client.target.identity=header:X-Pod"
YESTERDAY = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)


@dataclass
class Secured:
    """A server with a certificate, and how to reach it."""

    url: str
    trust: str

    @property
    def settings(self) -> tuple[str, str]:
        """What a client needs."""
        return self.trust, IDENTITY


Secure = Callable[..., Secured]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Make the authority that clients trust."""
    return trustme.CA()


@pytest.fixture
def secure(authority: trustme.CA, scripted: Callable[[Script], int], tmp_path: Path) -> Secure:
    """Serve each connection with a function, behind TLS."""
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(file)

    def serve(script: Script, name: str = "127.0.0.1", **given: datetime.datetime) -> Secured:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name, **given).configure_cert(tls)

        def answer(peer: socket.socket) -> None:
            with tls.wrap_socket(peer, server_side=True) as secured:
                script(secured)

        return Secured(f"https://127.0.0.1:{scripted(answer)}/", f"client.target.tls.caFile={file}")

    return serve


def keeps(requests: int, extra: bytes = b"") -> Script:
    """Answer so many requests on a connection, then close it; send `extra` behind each answer."""

    def script(peer: socket.socket) -> None:
        for _ in range(requests):
            seen = b""
            while b"\r\n\r\n" not in seen:
                piece = peer.recv(4096)
                if not piece:
                    return
                seen += piece
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-Pod: shop-1\r\n\r\nok\n")
            if extra:
                peer.sendall(extra)

    return script


def await_bytes(caller) -> None:
    """Block until something has arrived on the caller's only open connection."""
    (sock,) = caller.book._open.values()
    assert select.select([sock], [], [], 30)[0]


def test_kept_connection_carries_all_requests(secure: Secure, call) -> None:
    """Tickets that a server sends after the handshake are neither its end nor an answer."""
    server = secure(keeps(9))
    caller = call(server.url, *server.settings)
    answers = [caller.ask() for _ in range(3)]
    assert {answer.pod for answer in answers} == {"shop-1"}
    assert {answer.delay_seconds for answer in answers} == {None}
    assert (caller.book.opened, caller.book.resumed) == (1, 0)


def test_next_connection_to_the_same_server_resumes_the_session(secure: Secure, call) -> None:
    """A connection that the server has closed is replaced, without another full handshake."""
    server = secure(keeps(2))
    caller = call(server.url, *server.settings)
    numbers = []
    for request in range(4):
        numbers.append(caller.ask().connection.number)
        if request == 1:
            await_bytes(caller)
    assert numbers == [1, 1, 2, 2]
    assert (caller.book.opened, caller.book.resumed) == (2, 1)


def test_end_that_no_request_has_noticed_is_entered(secure: Secure, call) -> None:
    """At the end of a run a connection that the server has closed does not count as open."""
    server = secure(keeps(1))
    caller = call(server.url, *server.settings)
    caller.ask()
    await_bytes(caller)
    caller.book.drop_closed_by_peer()
    assert caller.book.still_open() == []


def test_bytes_that_nobody_asked_for_fail_the_next_request(secure: Secure, call) -> None:
    """What comes on a kept connection between two requests is found behind TLS, too."""
    server = secure(keeps(9, extra=b"HTTP/1.1 200 OK\r\n"))
    caller = call(server.url, *server.settings)
    caller.ask()
    await_bytes(caller)
    assert caller.fail() is ErrorKind.UNASKED_ANSWER


@pytest.mark.parametrize(
    ("name", "given", "settings"),
    [
        ("127.0.0.1", {}, ("client.target.tls.caFile=",)),
        ("127.0.0.1", {"not_before": YESTERDAY, "not_after": YESTERDAY}, ()),
        ("other.example", {}, ()),
        ("127.0.0.1", {}, ("client.target.host=other.example",)),
    ],
    ids=["unknown-authority", "expired", "other-name", "other-name-asked-for"],
)
def test_certificate_that_does_not_hold_is_refused(
    name: str, given: dict[str, datetime.datetime], settings: tuple[str, ...], secure: Secure, call
) -> None:
    """The request fails as such, and its connection counts as opened and closed."""
    server = secure(keeps(1), name, **given)
    caller = call(server.url, *server.settings, *settings)
    assert caller.fail() is ErrorKind.TLS_FAILED
    assert (caller.book.opened, len(caller.ended)) == (1, 1)


def test_name_apart_from_the_address_is_asked_for(secure: Secure, call) -> None:
    """The certificate must be for client.target.host, and the header Host says it."""
    heads: list[bytes] = []

    def script(peer: socket.socket) -> None:
        heads.append(peer.recv(4096, 0))
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Pod: shop-1\r\n\r\n")

    server = secure(script, "shop.example")
    call(server.url, *server.settings, "client.target.host=shop.example").ask()
    assert b"\r\nHost: shop.example\r\n" in heads[0]


def test_any_certificate_will_do_where_that_is_asked_for(secure: Secure, call) -> None:
    """With `insecure` neither authority nor name are checked."""
    server = secure(keeps(1), "other.example")
    settings = ("client.target.tls.caFile=", "client.target.tls.insecure=true")
    assert call(server.url, *server.settings, *settings).ask().pod == "shop-1"


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (lambda peer: peer.sendall(b"HTTP/1.1 400 No\r\n\r\n"), ErrorKind.TLS_FAILED),
        (lambda peer: peer.recv(4096), ErrorKind.CONNECTION_LOST),
    ],
    ids=["no-tls", "closed"],
)
def test_server_without_tls_is_told_from_one_that_is_gone(
    script: Script, kind: ErrorKind, scripted, call
) -> None:
    """A peer that answers something else has no TLS; one that closes has broken the connection."""
    assert call(f"https://127.0.0.1:{scripted(script)}/", IDENTITY).fail() is kind


@pytest.mark.parametrize("engine", ["threads", "gevent"])
def test_run_counts_handshakes(engine: str, secure: Secure, run_client) -> None:
    """Both engines keep, lose and resume connections alike, and the summary has all of it."""
    server = secure(keeps(2))
    # The first of the two connections is the trial's.
    run = run_client(
        server.url,
        *server.settings,
        *("server.enabled=false", "client.readiness.path=", f"client.engine={engine}"),
        *("client.concurrency=1", "client.requestsPerUser=4"),
    )
    assert run.summary["requests"]["answered"] == 4
    assert run.summary["connections"]["opened"] == 2
    assert run.summary["connections"]["resumed"] == 1
    assert run.summary["overhead_seconds"]["count"] == 0
