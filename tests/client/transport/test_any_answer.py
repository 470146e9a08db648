"""Any bytes in place of an answer: it is one, or its request fails in a way that has a name."""

import gzip

import hypothesis
import hypothesis.strategies as some
import pytest
from tests.client.caller import Caller
from tests.client.loop_caller import LoopCaller
from tests.client.misbehaving import GOOD, OK, Misbehaving, whole

from long_lived.client.engines.loop.exchanges import Failed
from long_lived.client.engines.loop.incoming import Incoming
from long_lived.client.target.expected import Expected
from long_lived.client.transport.answer import read_answer
from long_lived.client.transport.connections import Connection
from long_lived.client.transport.errors import BadAnswer, UnexpectedStatus, classify
from long_lived.record.error_kind import ErrorKind
from long_lived.settings import load

VALID = [
    whole(),
    whole(gzip.compress(GOOD), b"Content-Encoding: gzip"),
    OK + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(GOOD), GOOD),
    OK + b"X-Pod: a\r\nConnection: close\r\n\r\n" + GOOD,
    b"HTTP/1.1 100 Continue\r\n\r\n" + whole(),
    b"HTTP/1.0 503 No\r\n\r\n",
]
PIECES = [b"\r\n", b"\0", b":", b"-1", b"9" * 30, b"ffffffffffffffff", b"[" * 500, b'"', b"\xff"]
PIECES += [b"Content-Length: 5\r\n", b"Transfer-Encoding: gzip, chunked\r\n", b"NaN", b"1e999"]


@some.composite
def answers(draw: some.DrawFn) -> bytes:
    """Spoil an answer at up to three places, or make none at all."""
    if draw(some.integers(0, 9)) == 0:
        return draw(some.binary(max_size=200))
    data = draw(some.sampled_from(VALID))
    for _ in range(draw(some.integers(1, 3))):
        start = draw(some.integers(0, len(data)))
        end = draw(some.integers(start, min(len(data), start + 10)))
        data = data[:start] + draw(some.sampled_from(PIECES) | some.binary(max_size=8)) + data[end:]
    return data


FOREIGN = ("server.enabled=false", "client.url=http://127.0.0.1:1/")
TARGETS = [
    Expected(load([], [*FOREIGN, f"client.target.identity={where}"], {}).client.target)
    for where in ("none", "header:X-Pod", "json:pod", "regex:pod(.*)")
] + [Expected(load([], [], {}).client.target)]


@hypothesis.settings(max_examples=500)
@hypothesis.given(answers(), some.integers(1, 50), some.sampled_from(TARGETS))
def test_any_bytes_are_parsed_or_refused(data: bytes, step: int, expected: Expected) -> None:
    """However an answer is cut into pieces, nothing but the two refusals is raised."""
    incoming = Incoming(expected.most_body_bytes)
    try:
        done = False
        for at in range(0, len(data), step):
            if done := incoming.feed(data[at : at + step]):
                break
        if done or incoming.end():
            body, headers = incoming.body(), incoming.fields()
            read_answer(incoming.status, body, 1.0, False, Connection(1, 0.0), headers, expected)
    except (BadAnswer, UnexpectedStatus):
        pass


class Anything(Misbehaving):
    """Sends what it is told to, and closes."""

    def __init__(self) -> None:
        self.data = b""
        super().__init__(self._send)

    def _send(self, peer) -> None:
        peer.sendall(self.data)
        peer.close()


def outcome(caller: Caller | LoopCaller) -> ErrorKind | None:
    """Send a request; return how it failed, or None."""
    if isinstance(caller, LoopCaller):
        found = caller._exchange()
        return found.kind if isinstance(found, Failed) else None
    try:
        caller.ask()
    except Exception as error:
        return classify(error)
    return None


@pytest.mark.parametrize("kind", [Caller, LoopCaller], ids=["libraries", "loop"])
def test_any_bytes_are_an_answer_or_refused(kind: type[Caller] | type[LoopCaller]) -> None:
    """Over a real connection, nothing that a server sends is called a defect of the client."""
    server = Anything()
    try:

        @hypothesis.settings(max_examples=100, database=None)
        @hypothesis.given(answers())
        def send(data: bytes) -> None:
            server.data = data
            caller = kind(server.url, ("client.timeouts.readSeconds=5",))
            try:
                assert outcome(caller) is not ErrorKind.CLIENT_ERROR
            finally:
                caller.close()

        send()
    finally:
        server.stop()
