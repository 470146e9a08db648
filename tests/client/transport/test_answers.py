"""What a server may and may not answer, and what becomes of its connection."""

import gzip
import select
import socket
import threading

import pytest
from tests.client.misbehaving import GOOD, OK, in_turn, misbehaving, repeats, sends, whole

from long_lived.record.error_kind import ErrorKind

from .answers import (
    BAD,
    CHUNKED,
    GOOD_VALUES,
    LONG,
    NESTED,
    PIECE,
    STATUS,
    UNASKED,
    UNTRUE,
    telling,
)

CASES = [
    *(pytest.param(sends(whole(body)), BAD, id=f"nested-{name}") for name, body in NESTED.items()),
    *(pytest.param(behaviour, BAD, id=f"long-{name}") for name, behaviour in LONG.items()),
    *(pytest.param(sends(whole(body)), BAD, id=name) for name, body in UNTRUE.items()),
    pytest.param(sends(CHUNKED + b"-5\r\nabc"), BAD, id="negative-chunk"),
    pytest.param(
        repeats(OK.replace(b"200", b"500") + b"\r\n", PIECE, 1024),
        STATUS,
        id="long-page-of-an-error",
    ),
]


@pytest.mark.parametrize(("behaviour", "kind"), CASES)
def test_answer_that_cannot_be_used_is_refused(behaviour, kind: ErrorKind, call) -> None:
    """The failure has its kind, and the next request finds a connection that works."""
    with misbehaving(in_turn(behaviour, sends(whole()))) as server:
        caller = call(server.url, "client.timeouts.readSeconds=2")
        assert caller.fail() is kind
        assert caller.ask().pod == "a"


def test_chunk_without_end_does_not_hold_a_user(call) -> None:
    """Whether its length is refused or waited for, that has an end."""
    with misbehaving(in_turn(sends(CHUNKED + b"f" * 5_000 + b"\r\nabc"))) as server:
        caller = call(server.url, "client.timeouts.readSeconds=1")
        assert caller.fail() in (BAD, ErrorKind.READ_TIMEOUT)


@pytest.mark.parametrize("name", [name for name in LONG if name != "gzip-twice"])
def test_rest_of_a_long_answer_is_not_read(name: str, call) -> None:
    """The connection is closed with the rest unread."""
    with misbehaving(LONG[name]) as server:
        caller = call(server.url)
        assert caller.fail() is BAD
        assert caller.book.still_open() == []


@pytest.mark.parametrize("body", GOOD_VALUES.values(), ids=GOOD_VALUES)
def test_answer_within_the_bounds_counts(body: bytes, call) -> None:
    """The twin: a valid answer is accepted whole, chunked or compressed."""
    packed = whole(gzip.compress(body), b"Content-Encoding: gzip")
    chunked = CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    with misbehaving(in_turn(sends(whole(body)), sends(chunked), sends(packed))) as server:
        caller = call(server.url)
        assert [caller.ask().connection.number for _ in range(3)] == [1, 1, 1]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (telling(), ("", None)),
        (telling(instance='"0123456789abcdef"', uptime_seconds="3"), ("0123456789abcdef", 3.0)),
    ],
    ids=["silent", "told"],
)
def test_instance_and_uptime_are_taken_where_given(body: bytes, told, call) -> None:
    """Another project's server gives neither."""
    with misbehaving(sends(whole(body))) as server:
        answer = call(server.url).ask()
    assert (answer.instance, answer.uptime_seconds) == told


@pytest.mark.parametrize("extra", [whole(), b"\r\n"], ids=["answer", "line"])
def test_bytes_that_come_after_the_answer_fail_the_next_request(extra: bytes, call) -> None:
    """What arrives in a pause is noticed before a send; after that a new connection works."""
    second, seen = threading.Event(), []

    def answer(peer: socket.socket) -> None:
        seen.append(peer)
        peer.sendall(whole())
        if len(seen) == 1 and second.wait(60):
            peer.sendall(extra)

    with misbehaving(answer) as server:
        caller = call(server.url)
        assert caller.ask().connection.number == 1
        (sock,) = caller.book._open.values()
        second.set()
        assert select.select([sock], [], [], 60)[0]
        assert caller.fail() is UNASKED
        assert caller.book.still_open() == []
        assert caller.ask().connection.number == 2
        assert len(server.heads) == 2


def test_bytes_behind_an_announced_close_are_ignored(call) -> None:
    """A connection that ends with its answer carries no other request to be confused."""
    with misbehaving(sends(whole(GOOD, b"Connection: close"), whole())) as server:
        caller = call(server.url)
        assert [caller.ask().connection.number for _ in range(2)] == [1, 2]


@pytest.mark.parametrize(
    ("version", "lines", "closes"),
    [
        pytest.param(version, lines, closes, id=f"{version} {' | '.join(lines)}")
        for version, lines, closes in [
            ("1.1", [], False),
            ("1.1", ["Connection: close"], True),
            ("1.1", ["Connection: Close, TE"], True),
            ("1.1", ["Connection: TE , CLOSE "], True),
            ("1.1", ["Connection: TE", "Connection: close"], True),
            ("1.1", ["Connection: keep-alive"], False),
            ("1.1", ["Connection: x-close, close-not"], False),
            ("1.0", [], True),
            ("1.0", ["Keep-Alive: timeout=5"], True),
            ("1.0", ["Connection: Keep-Alive"], False),
            ("1.0", ["Connection: TE", "Connection: keep-alive"], False),
            ("1.0", ["Connection: keep-alive, close"], True),
        ]
    ],
)
def test_close_announced_is_read_as_a_list(
    version: str, lines: list[str], closes: bool, call
) -> None:
    """The options of all lines count, in any case, and decide whether the connection ends."""
    fields = [line.encode() for line in lines]
    status = f"HTTP/{version} 200 OK\r\n".encode()
    with misbehaving(sends(whole(GOOD, *fields, status=status))) as server:
        caller = call(server.url)
        first, second = caller.ask(), caller.ask()
    assert (first.close_announced, second.close_announced) == (closes, closes)
    assert second.connection.number == (2 if closes else 1)
