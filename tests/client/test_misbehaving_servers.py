"""What a server may answer, and what it may not: nothing ends the client, or fools it."""

import gzip
import itertools
import re
import select
import socket
import struct
import threading
import zlib
from collections import Counter

import pytest
from tests.client.misbehaving import (
    GOOD,
    OK,
    drips,
    in_turn,
    misbehaving,
    repeats,
    sends,
    whole,
)

from long_lived.client.preflight import readiness
from long_lived.client.preflight.readiness import NotReady, await_servers
from long_lived.client.stop import Stop
from long_lived.record.error_kind import ErrorKind
from long_lived.settings import load

ENGINES = pytest.mark.parametrize("engine", ["threads", "gevent"])

BAD, STATUS, UNASKED = ErrorKind.BAD_ANSWER, ErrorKind.HTTP_STATUS, ErrorKind.UNASKED_ANSWER

MEBIBYTE = 2**20
PIECE = b" " * MEBIBYTE
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def bomb(mebibytes: int) -> bytes:
    """Pack blanks: a full flush forgets what came before, so that all pieces are packed alike.

    Never whole in memory, which a client that is started here would inherit. Source: RFC 1952.
    """
    packed, check = zlib.compressobj(9, wbits=-15), 0
    piece = packed.compress(PIECE) + packed.flush(zlib.Z_FULL_FLUSH)
    for _ in range(mebibytes):
        check = zlib.crc32(PIECE, check)
    end = packed.flush() + struct.pack("<II", check, mebibytes * MEBIBYTE)
    return b"\x1f\x8b\x08" + bytes(7) + piece * mebibytes + end


BOMB = bomb(300)

NESTED = {
    "lists": b"[" * 2_000,
    "many-lists": b"[" * 60_000,
    "objects": b'{"a":' * 2_000,
    "in-an-answer": GOOD[:-1] + b', "more": ' + b"[" * 1_000 + b"]" * 1_000 + b"}",
    "utf-16": ("[" * 2_000).encode("utf-16"),
}

LONG = {
    "a-gigabyte": repeats(OK + b"Content-Length: %d\r\n\r\n" % (1024 * MEBIBYTE), PIECE, 1024),
    "until-the-close": repeats(OK + b"\r\n", PIECE, 1024),
    "one-chunk": repeats(CHUNKED + b"%x\r\n" % (1024 * MEBIBYTE), PIECE, 1024),
    "chunks": repeats(CHUNKED, b"%x\r\n%b\r\n" % (MEBIBYTE, PIECE), 1024),
    "a-chunk-of-unknown-length": repeats(CHUNKED + b"-1\r\n", PIECE, 1024),
    "lines-of-a-header": repeats(OK, b"x: " + b"y" * 65_000 + b"\r\n", 90),
    "trailers": repeats(CHUNKED + b"0\r\n", b"x: " + b"y" * 65_000 + b"\r\n", 1024),
    "gzip": sends(whole(BOMB, b"Content-Encoding: gzip")),
    "gzip-twice": sends(whole(gzip.compress(BOMB), b"Content-Encoding: gzip, gzip")),
}

SLOW = {
    "header": drips(OK, b"x"),
    "headers": drips(OK, b"x: y\r\n"),
    "body": drips(OK + b"Content-Length: 100000\r\n\r\n", b" "),
    "chunks": drips(CHUNKED, b"1\r\n \r\n"),
    "body-until-the-close": drips(OK + b"\r\n", b" "),
    "interim-answers": drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}

NAMES = {
    "empty": '""',
    "100,000-characters": f'"{"a" * 100_000}"',
    "254-characters": f'"{"a" * 254}"',
    "blank": '"a b"',
    "line-break": '"a\\n"',
    "other-letters": '"pod-é"',
    "slash": '"a/b"',
    "escape": '"a\\u001b[31m"',
    "number": "5",
}

DELAYS = {
    "nan": "NaN",
    "infinite": "1e999",
    "negative": "-5",
    "boolean": "true",
    "later-than-the-answer": "1000000",
    "more-than-a-float": "9" * 400,
    "more-than-an-integer": "9" * 5_000,
    "text": '"0"',
    "null": "null",
}

INSTANCES = {"empty": '""', "null": "null", "number": "1", "65": f'"{"a" * 65}"', "blank": '"a b"'}
UPTIMES = {"nan": "NaN", "infinite": "1e999", "negative": "-0.1", "boolean": "true"} | {
    "null": "null",
    "more-than-a-float": "9" * 400,
}


def telling(**values: str) -> bytes:
    """Make an answer's body of good values and these, in JSON."""
    fields = {"pod": '"a"', "delay_seconds": "0"} | values
    return ("{" + ", ".join(f'"{name}": {value}' for name, value in fields.items()) + "}").encode()


UNTRUE = {
    f"{name}-{case}": telling(**{name: value})
    for name, cases in {
        "pod": NAMES,
        "delay_seconds": DELAYS,
        "instance": INSTANCES,
        "uptime_seconds": UPTIMES,
    }.items()
    for case, value in cases.items()
}


def all_fail(run_client, engine: str, behaviours, kind: ErrorKind, *settings: str) -> dict:
    """Let 20 users meet these behaviours in turn; return the summary of their failures."""
    with misbehaving(in_turn(*behaviours)) as server:
        settings = (f"client.engine={engine}", "client.concurrency=20", *settings)
        run = run_client(server.url, *settings)
    assert run.status == 0, run.errors
    run.check_account()
    assert run.summary["requests"]["failed_by_kind"] == {kind: 20}
    assert all(len(line) < 1_000 for line in run.lines[:-1])
    return run.summary


@ENGINES
def test_nested_answers_do_not_end_the_client(engine: str, run_client) -> None:
    """However deep a body is nested, it is counted and the run goes on."""
    all_fail(run_client, engine, map(sends, map(whole, NESTED.values())), BAD)


@ENGINES
def test_long_answers_do_not_fill_the_memory(engine: str, run_client) -> None:
    """A gigabyte, or what becomes one when it is decoded, is not read."""
    summary = all_fail(run_client, engine, LONG.values(), BAD)
    assert summary["cost"]["peak_memory_bytes"] < 200 * MEBIBYTE


@ENGINES
def test_answers_that_drip_are_too_late(engine: str, run_client) -> None:
    """Each request has one deadline, however often something comes in before it."""
    slow = SLOW.values()
    all_fail(run_client, engine, slow, ErrorKind.READ_TIMEOUT, "client.timeouts.readSeconds=1")


@ENGINES
def test_untrue_answers_are_not_believed(engine: str, run_client) -> None:
    """Impossible values and names are counted as bad, and not repeated at length."""
    all_fail(run_client, engine, map(sends, map(whole, UNTRUE.values())), BAD)


@ENGINES
def test_unasked_answer_is_not_taken_for_the_next(engine: str, run_client) -> None:
    """Of two answers to each request one counts; the request that follows fails, unsent."""
    with misbehaving(sends(whole(), whole())) as server:
        settings = (f"client.engine={engine}", "client.concurrency=20", "client.requestsPerUser=2")
        run = run_client(server.url, *settings)
    run.check_account()
    assert run.summary["requests"]["answered"] == 20 == len(server.heads)
    assert run.summary["requests"]["failed_by_kind"] == {UNASKED: 20}
    assert run.summary["connections"]["opened"] == 20
    assert run.summary["connections"]["open"] == 0
    assert run.summary["timeline"]["failed"].keys() == {f"{UNASKED} a"}


@ENGINES
def test_failure_in_a_shared_pool_has_the_pod_of_its_own_connection(
    engine: str, run_client
) -> None:
    """Each connection is answered once, by a pod of its own, and cut at its second request."""
    pods: dict[socket.socket, str] = {}
    numbers, cut = itertools.count(), []
    full = threading.Barrier(8)

    def answer(peer: socket.socket) -> None:
        if peer in pods:
            cut.append(pods[peer])
            peer.shutdown(socket.SHUT_RDWR)
        else:
            number = next(numbers)
            pods[peer] = f"pod-{number}"
            if number < 8:
                full.wait(60)
            peer.sendall(whole(telling(pod=f'"{pods[peer]}"')))

    with misbehaving(answer) as server:
        settings = (f"client.engine={engine}", "client.concurrency=8", "client.requestsPerUser=2")
        # Thinking, so that every first answer is entered before its connection is cut.
        think = ("client.thinkTime.minSeconds=1", "client.thinkTime.maxSeconds=1")
        run = run_client(server.url, *settings, *think, "client.connections=shared")
    run.check_account()
    named = re.findall(r"connection_lost .* pod=(\S+)", "\n".join(run.failures))
    assert set(named) <= set(cut)
    # A connection that is new in the second round may be cut before its first answer is entered.
    assert {pod for pod in cut if int(pod.removeprefix("pod-")) < 8} <= set(named)
    assert len(named) == len(set(named))
    assert len(cut) > 1


@ENGINES
def test_every_request_says_which_client_sends_it(engine: str, run_client) -> None:
    """A server that several clients share can tell them apart."""
    with misbehaving(sends(whole())) as server:
        for _ in range(2):
            run_client(server.url, f"client.engine={engine}", "client.concurrency=5")
    ids = Counter(re.findall(r"\r\nLong-Lived-Client: ([0-9a-f]{16})\r\n", "".join(server.heads)))
    assert list(ids.values()) == [5, 5]


CASES = [
    *(pytest.param(sends(whole(body)), BAD, id=f"nested-{name}") for name, body in NESTED.items()),
    *(pytest.param(behaviour, BAD, id=f"long-{name}") for name, behaviour in LONG.items()),
    *(pytest.param(sends(whole(body)), BAD, id=name) for name, body in UNTRUE.items()),
    pytest.param(sends(CHUNKED + b"-5\r\nabc"), BAD, id="negative-chunk"),
    pytest.param(
        sends(CHUNKED + b"f" * 5_000 + b"\r\nabc"), ErrorKind.READ_TIMEOUT, id="chunk-without-end"
    ),
    pytest.param(
        repeats(OK.replace(b"200", b"500") + b"\r\n", PIECE, 1024),
        STATUS,
        id="long-page-of-an-error",
    ),
]


@pytest.mark.parametrize(("behaviour", "kind"), CASES)
def test_answer_that_cannot_be_used_is_refused(behaviour, kind: ErrorKind, call) -> None:
    """The failure has its kind, and the request after it goes over a connection that works."""
    with misbehaving(in_turn(behaviour, sends(whole()))) as server:
        caller = call(server.url, "client.timeouts.readSeconds=2")
        assert caller.fail() is kind
        assert caller.ask().pod == "a"


@pytest.mark.parametrize("name", [name for name in LONG if name != "gzip-twice"])
def test_rest_of_a_long_answer_is_not_read(name: str, call) -> None:
    """The connection is closed with what is still to come."""
    with misbehaving(LONG[name]) as server:
        caller = call(server.url)
        assert caller.fail() is BAD
        assert caller.book.still_open() == []


GOOD_VALUES = {
    "pod-of-a-host": telling(pod='"Host_1.example"'),
    "pod-of-253-characters": telling(pod=f'"{"a" * 253}"'),
    "delay-of-nothing": telling(delay_seconds="-0.0"),
    "delay-as-rounded": telling(delay_seconds="0.04"),
    "instance": telling(instance='"0123456789abcdef"', uptime_seconds="12.5"),
    "more": telling(more='{"a": [[[[1]]]]}'),
    "padded": telling() + b" " * 65_000,
}


@pytest.mark.parametrize("body", GOOD_VALUES.values(), ids=GOOD_VALUES)
def test_answer_within_the_bounds_counts(body: bytes, call) -> None:
    """The twin: what is allowed is taken, in one piece, in chunks and compressed."""
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
def test_instance_and_uptime_are_taken_where_they_are_told(body: bytes, told, call) -> None:
    """A server that is not ours says neither."""
    with misbehaving(sends(whole(body))) as server:
        answer = call(server.url).ask()
    assert (answer.instance, answer.uptime_seconds) == told


@pytest.mark.parametrize("extra", [whole(), b"\r\n"], ids=["answer", "line"])
def test_bytes_that_come_after_the_answer_fail_the_next_request(extra: bytes, call) -> None:
    """What arrives in the pause is noticed before anything is sent; then a new connection works."""
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


def test_bytes_behind_an_announced_close_are_nobody_s(call) -> None:
    """A connection that ends with its answer carries no other request, so none can be fooled."""
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
    """The options of all lines count, in any case; and the connection ends exactly then."""
    fields = [line.encode() for line in lines]
    status = f"HTTP/{version} 200 OK\r\n".encode()
    with misbehaving(sends(whole(GOOD, *fields, status=status))) as server:
        caller = call(server.url)
        first, second = caller.ask(), caller.ask()
    assert (first.close_announced, second.close_announced) == (closes, closes)
    assert second.connection.number == (2 if closes else 1)


@pytest.mark.parametrize(
    ("reply", "missing"),
    [
        (drips(OK + b"Content-Length: 100\r\n\r\n", b"r"), "does not answer (read_timeout)"),
        (repeats(OK, b"x: " + b"y" * 65_000 + b"\r\n", 90), "does not answer (bad_answer)"),
        (sends(whole(b"", status=b"HTTP/1.1 503 X\r\n")), "answers 503"),
    ],
    ids=["drips", "long", "not-ready"],
)
def test_probe_that_is_answered_badly_is_not_ready(
    reply, missing: str, scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The questions before the start are bounded as the requests are."""
    monkeypatch.setattr(readiness, "PROBE_TIMEOUT_SECONDS", 0.3)

    def script(peer: socket.socket) -> None:
        peer.recv(4096)
        reply(peer)

    url = f"http://127.0.0.1:{scripted(script)}/"
    with pytest.raises(NotReady) as caught:
        await_servers(
            load([], ["client.readiness.timeoutSeconds=0.1"], {}), url, Stop(), lambda _: None
        )
    assert str(caught.value).endswith(f"{url}readyz {missing}")
