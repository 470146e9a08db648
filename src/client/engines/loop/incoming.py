"""One answer as it comes in, in pieces: read by httptools, bounded in length, decoded.

It decides what was received, and `transport.answer` what to believe of it.
"""

import zlib

from httptools import HttpParserError, HttpResponseParser

from long_lived.client.target.bounds import MOST_BODY_BYTES, WIRE_BYTES
from long_lived.client.transport.answer import HTTP_1_0, announces_close
from long_lived.client.transport.errors import BadAnswer

CONTINUE = 100
"""The status of an interim answer, which another follows."""

FRAMING = frozenset({b"content-length", b"transfer-encoding"})
"""The headers that say how a body ends. Source: RFC 9112, 6.3."""

GZIP_OR_ZLIB = 47
"""Lets zlib find out which of both. Source: zlib.h, inflateInit2, "windowBits"."""


class Incoming:
    """The bytes of one answer."""

    __slots__ = (
        *("_body", "_bodiless", "_framed", "_in_body", "_left", "_most", "_parser"),
        "_to_the_close",
        *("complete", "headers", "left_over", "status", "too_long", "version"),
    )

    def __init__(self, most_body_bytes: int = MOST_BODY_BYTES, *, bodiless: bool = False) -> None:
        """Begin to read an answer; that to a HEAD is `bodiless`, whatever it says of a length."""
        self.complete = False
        """Whether nothing is missing."""
        self.left_over = False
        """Whether bytes came beyond it; line breaks, which can be no answer, are passed over."""
        self.too_long = False
        """Whether its body exceeds `most_body_bytes`, so that the rest was not read."""
        self.status = 0
        self.version = HTTP_1_0 + 1
        self.headers: list[tuple[bytes, bytes]] = []
        """The lines of its header, with names in small letters."""
        self._body = b""
        self._most, self._bodiless = most_body_bytes, bodiless
        self._left = most_body_bytes + WIRE_BYTES
        self._in_body = False
        self._framed = False
        self._to_the_close = False
        self._parser = HttpResponseParser(self)

    def feed(self, data: bytes) -> bool:
        """Read a piece; tell whether the answer is complete, or too long to go on.

        Raises:
            BadAnswer: it is not HTTP, or longer than an answer may be.
        """
        self._left -= len(data)
        if self._left < 0:
            raise BadAnswer(f"an answer of more than {self._most + WIRE_BYTES} bytes")
        try:
            self._parser.feed_data(data)
        except HttpParserError as error:
            if not (self.complete or self.too_long):
                raise BadAnswer(f"an answer that cannot be read: {error}") from None
            self.left_over = True
        return self.complete or self.too_long

    def end(self) -> bool:
        """Take note that the connection has ended; tell whether that completes the answer.

        Raises:
            BadAnswer: it has ended in its header.
        """
        if not self._in_body:
            raise BadAnswer("an answer that ends in its header")
        self.complete = self._to_the_close
        return self.complete

    def release(self) -> None:
        """Let go of the parser, which holds this: nothing else breaks the cycle."""
        del self._parser

    def announces_close(self) -> bool:
        """Tell whether the answer says that its connection ends with it."""
        return announces_close(self.version, self._all(b"connection"))

    def ends_connection(self) -> bool:
        """Tell whether the connection cannot be kept, whatever the answer says."""
        return self._to_the_close or self.too_long

    def body(self) -> bytes:
        """Return the body, decoded; of one that is too long a part, longer than it may be.

        Raises:
            BadAnswer: it cannot be decoded.
        """
        encodings = [one for one in self._all(b"content-encoding") if one != "identity"]
        if not encodings or self.too_long:
            return self._body
        if encodings[0] not in ("gzip", "x-gzip", "deflate") or len(encodings) > 1:
            raise BadAnswer(f"a body in an encoding that was not asked for: {encodings[0]}")
        try:
            return zlib.decompressobj(GZIP_OR_ZLIB).decompress(self._body, self._most + 1)
        except zlib.error as error:
            raise BadAnswer(f"a body that cannot be decoded: {error}") from None

    def fields(self) -> dict[str, str]:
        """Return the header, by name in small letters; of several lines the last."""
        return {
            name.decode("latin-1"): value.decode("latin-1", "replace")
            for name, value in self.headers
        }

    def _all(self, wanted: bytes) -> list[str]:
        """List the values of a header, in the order of its lines."""
        return [value.decode("latin-1") for name, value in self.headers if name == wanted]

    # What httptools calls.

    def on_message_begin(self) -> None:
        """Begin an answer, or notice what follows one."""
        if self.complete:
            self.left_over = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a line of the header; trailers, and what follows the answer, have none."""
        if self._in_body:
            return
        name = name.lower()
        self.headers.append((name, value))
        if name in FRAMING:
            self._framed = True

    def on_headers_complete(self) -> None:
        """Find out how the body ends: a length, chunks, or the connection does it."""
        if self.complete:
            return
        self.status = self._parser.get_status_code()
        if self.status == CONTINUE:
            return
        if self._parser.get_http_version() == "1.0":
            self.version = HTTP_1_0
        self._in_body = True
        self._to_the_close = not self._framed
        if self._bodiless:
            self.complete, self._to_the_close = True, False

    def on_body(self, data: bytes) -> None:
        """Keep a piece of the body, unless it is too long."""
        if self.complete:
            return
        self._body = self._body + data if self._body else data
        if len(self._body) > self._most:
            self.too_long = True
            raise BadAnswer("too long: the parser stops")

    def on_message_complete(self) -> None:
        """End the answer, unless it is an interim one."""
        if self.status == CONTINUE:
            self.headers.clear()
            self.status = 0
        elif not self.complete:
            self.complete = True
            self._to_the_close = False  # it has no body
