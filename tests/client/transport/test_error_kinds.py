"""The ErrorKind of each failure, from real sockets that fail in real ways."""

import json
import os
import resource
import socket
import struct
from collections.abc import Callable, Iterator

import pytest

from long_lived.client.transport.errors import classify
from long_lived.record.error_kind import ErrorKind

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
GOOD = json.dumps({"pod": "server-a", "delay_seconds": 0}).encode()


def read_request(peer: socket.socket) -> None:
    """Read a request to the end of its header."""
    seen = b""
    while b"\r\n\r\n" not in seen:
        piece = peer.recv(4096)
        if not piece:
            raise ConnectionError("no request")
        seen += piece


def whole(body: bytes, head: bytes = OK) -> bytes:
    """Make a complete answer."""
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def answers(data: bytes) -> Callable[[socket.socket], None]:
    """Make a peer that answers with `data` and closes."""

    def script(peer: socket.socket) -> None:
        read_request(peer)
        peer.sendall(data)

    return script


def resets(peer: socket.socket) -> None:
    """Act as a peer that resets instead of answering."""
    read_request(peer)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def resets_at_once(peer: socket.socket) -> None:
    """Act as a peer that resets before it has read anything."""
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def resets_in_the_body(peer: socket.socket) -> None:
    """Act as a peer that resets in the middle of its answer, which has arrived by then."""
    read_request(peer)
    peer.sendall(OK + b"Content-Length: 100\r\n\r\n{")
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def stalls(peer: socket.socket) -> None:
    """Act as a peer that stops in the middle of its answer."""
    read_request(peer)
    peer.sendall(OK + b"Content-Length: 100\r\n\r\n{")
    peer.recv(1)


LOST, BAD, STATUS = ErrorKind.CONNECTION_LOST, ErrorKind.BAD_ANSWER, ErrorKind.HTTP_STATUS

PEERS = {
    "closes": (answers(b""), LOST),
    "resets": (resets, LOST),
    "resets-at-once": (resets_at_once, LOST),
    "resets-in-the-body": (resets_in_the_body, LOST),
    "half-a-header": (answers(OK), BAD),
    "half-a-body": (answers(OK + b"Content-Length: 100\r\n\r\n" + GOOD), LOST),
    "half-a-chunk": (answers(OK + b"Transfer-Encoding: chunked\r\n\r\nff\r\n{"), LOST),
    "no-last-chunk": (answers(OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"), LOST),
    "stalls": (stalls, ErrorKind.READ_TIMEOUT),
    "ssh": (answers(b"SSH-2.0-OpenSSH_9.9\r\n"), BAD),
    "noise": (answers(b"\x00\xff\x00\r\n\r\n"), BAD),
    "bad-chunk": (answers(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{\r\n"), BAD),
    "bad-gzip": (answers(whole(b"no gzip", OK + b"Content-Encoding: gzip\r\n")), BAD),
    "empty": (answers(whole(b"")), BAD),
    "text": (answers(whole(b"Response from Pod server-a after 0 s\n")), BAD),
    "list": (answers(whole(b'["pod", "delay_seconds"]')), BAD),
    "no-pod": (answers(whole(b'{"delay_seconds": 1}')), BAD),
    "no-delay": (answers(whole(b'{"pod": "a"}')), BAD),
    "pod-is-a-number": (answers(whole(b'{"pod": 5, "delay_seconds": 1}')), BAD),
    "pod-with-a-space": (answers(whole(b'{"pod": "a b", "delay_seconds": 1}')), BAD),
    "pod-with-a-line-break": (answers(whole(b'{"pod": "a\\nb", "delay_seconds": 1}')), BAD),
    "pod-that-cannot-be-written": (answers(whole(b'{"pod": "\\ud800", "delay_seconds": 1}')), BAD),
    "delay-is-text": (answers(whole(b'{"pod": "a", "delay_seconds": "1"}')), BAD),
    "503": (answers(whole(GOOD, b"HTTP/1.1 503 Service Unavailable\r\n")), STATUS),
    "404": (answers(whole(b"", b"HTTP/1.1 404 Not Found\r\n")), STATUS),
    "204": (answers(b"HTTP/1.1 204 No Content\r\n\r\n"), STATUS),
    "redirect": (answers(whole(b"", b"HTTP/1.1 302 Found\r\nLocation: /\r\n")), STATUS),
}


@pytest.mark.parametrize("name", PEERS)
def test_peer_that_fails_is_classified(name: str, scripted, call) -> None:
    """However a peer fails to answer, the failure has one kind, and the end is entered."""
    script, kind = PEERS[name]
    caller = call(f"http://127.0.0.1:{scripted(script)}/", "client.timeouts.readSeconds=0.3")
    assert caller.fail() is kind
    assert caller.book.opened == 1


def test_reset_before_connect_returns_is_a_lost_connection(scripted, call) -> None:
    """A reset may follow the handshake before the client's turn; some of the tries hit it."""
    caller = call(f"http://127.0.0.1:{scripted(resets_at_once)}/")
    tries = 500
    assert {caller.fail() for _ in range(tries)} == {ErrorKind.CONNECTION_LOST}
    assert caller.book.opened == len(caller.ended) == tries
    assert caller.book.still_open() == []


def test_whole_answer_is_no_failure(scripted, call) -> None:
    """The twin of all of the above: a complete answer counts."""
    port = scripted(answers(whole(GOOD, OK + b"Connection: close\r\n")))
    answer = call(f"http://127.0.0.1:{port}/").ask()
    assert (answer.pod, answer.delay_seconds, answer.close_announced) == ("server-a", 0, True)
    assert answer.connection.number == 1


@pytest.fixture
def unused_port() -> Iterator[int]:
    """Reserve a port at which nothing listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def test_port_without_listener_is_connect_refused(unused_port: int, call) -> None:
    """The connection is refused, and not counted."""
    caller = call(f"http://127.0.0.1:{unused_port}/")
    assert caller.fail() is ErrorKind.CONNECT_REFUSED
    assert caller.book.opened == 0


def test_listener_that_never_answers_is_read_timeout(call) -> None:
    """The kernel accepts and nobody reads: the connection counts, the answer is late."""
    with socket.create_server(("127.0.0.1", 0)) as blackhole:
        url = f"http://127.0.0.1:{blackhole.getsockname()[1]}/"
        caller = call(url, "client.timeouts.readSeconds=0.2")
        assert caller.fail() is ErrorKind.READ_TIMEOUT
        assert caller.book.opened == 1


def test_full_listen_queue_is_connect_timeout(call) -> None:
    """A full queue drops SYNs, so nothing connects within connectSeconds."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        try:
            for sock in waiting:
                sock.setblocking(False)
                sock.connect_ex(address)
            caller = call(f"http://127.0.0.1:{address[1]}/", "client.timeouts.connectSeconds=0.2")
            assert caller.fail() is ErrorKind.CONNECT_TIMEOUT
            assert caller.book.opened == 0
        finally:
            for sock in waiting:
                sock.close()


def test_name_without_address_is_name_unresolved(call) -> None:
    """The name has no address; the settings already refuse what is not a name."""
    assert call("http://nonexistent.invalid/").fail() is ErrorKind.NAME_UNRESOLVED


def test_source_address_of_another_machine_is_connect_failed(unused_port: int, call) -> None:
    """A client cannot connect from an address of another machine."""
    caller = call(f"http://127.0.0.1:{unused_port}/", source_addresses=("192.0.2.1",))
    assert caller.fail() is ErrorKind.CONNECT_FAILED


def test_no_free_descriptor_is_connect_failed(unused_port: int, call) -> None:
    """A connection needs a file descriptor."""
    caller = call(f"http://127.0.0.1:{unused_port}/")
    assert caller.fail() is ErrorKind.CONNECT_REFUSED
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_free = os.dup(0)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, limits[1]))
    try:
        kind = caller.fail()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert kind is ErrorKind.CONNECT_FAILED


def test_defect_of_the_client_is_client_error() -> None:
    """What no peer can cause is the client's own fault."""
    assert classify(ZeroDivisionError()) is ErrorKind.CLIENT_ERROR


def test_error_that_wraps_itself_is_classified() -> None:
    """A circular chain of causes does not hang the client."""
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    assert classify(first) is ErrorKind.CLIENT_ERROR


def test_words_are_those_of_the_summary() -> None:
    """Readers of logs and summaries rely on this closed list of words."""
    assert sorted(ErrorKind) == [
        "bad_answer",
        "client_error",
        "connect_failed",
        "connect_refused",
        "connect_timeout",
        "connection_lost",
        "http_status",
        "interrupted",
        "name_unresolved",
        "not_sent",
        "read_timeout",
        "tls_failed",
        "unasked_answer",
    ]
