"""One answer as it comes in, in pieces: read by httptools, bounded in length, decoded.

It decides what was received, and `transport.answer` what to believe of it.
"""

import zlib

from httptools import HttpParserError, HttpResponseParser

from long_lived.client.transport.answer import (
    HTTP_1_0,
    MOST_BODY_BYTES,
    MOST_WIRE_BYTES,
    announces_close,
)
from long_lived.client.transport.errors import BadAnswer

CONTINUE = 100
"""The status of an interim answer, which another follows."""

GZIP_OR_ZLIB = 47
"""Lets zlib find out which of both. Source: zlib.h, inflateInit2, "windowBits"."""


class Incoming:
    """The bytes of one answer."""

    __slots__ = (
        *("_body", "_in_body", "_kept_to_the_close", "_left", "_parser"),
        *("complete", "headers", "left_over", "status", "too_long", "version"),
    )

    def __init__(self) -> None:
        """Begin to read."""
        self.complete = False
        """Whether nothing is missing."""
        self.left_over = False
        """Whether bytes came beyond it; line breaks, which can be no answer, are passed over."""
        self.too_long = False
        """Whether its body exceeds MOST_BODY_BYTES, so that the rest was not read."""
        self.status = 0
        self.version = HTTP_1_0 + 1
        self.headers: list[tuple[bytes, bytes]] = []
        self._body = b""
        self._left = MOST_WIRE_BYTES
        self._in_body = False
        self._kept_to_the_close = False
        self._parser = HttpResponseParser(self)

    def feed(self, data: bytes) -> bool:
        """Read a piece; tell whether the answer is complete, or too long to go on.

        Raises:
            BadAnswer: it is not HTTP, or longer than MOST_WIRE_BYTES.
        """
        self._left -= len(data)
        if self._left < 0:
            raise BadAnswer(f"an answer of more than {MOST_WIRE_BYTES} bytes")
        try:
            self._parser.feed_data(data)
        except HttpParserError as error:
            if self.too_long:
                return True
            if not self.complete:
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
        self.complete = self._kept_to_the_close
        return self.complete

    def release(self) -> None:
        """Let go of the parser, which holds this: nothing else breaks the cycle."""
        del self._parser

    def announces_close(self) -> bool:
        """Tell whether the connection ends with the answer, in so many words."""
        return announces_close(self.version, self._all(b"connection"))

    def ends_connection(self) -> bool:
        """Tell whether the connection cannot be kept."""
        return self._kept_to_the_close or self.too_long or self.announces_close()

    def body(self) -> bytes:
        """Return the body, decoded; of one that is too long a part, longer than MOST_BODY_BYTES.

        Raises:
            BadAnswer: it cannot be decoded.
        """
        encodings = [one for one in self._all(b"content-encoding") if one != "identity"]
        if not encodings or self.too_long:
            return self._body
        if encodings[0] not in ("gzip", "x-gzip", "deflate") or len(encodings) > 1:
            raise BadAnswer(f"a body in an encoding that was not asked for: {encodings[0]}")
        try:
            return zlib.decompressobj(GZIP_OR_ZLIB).decompress(self._body, MOST_BODY_BYTES + 1)
        except zlib.error as error:
            raise BadAnswer(f"a body that cannot be decoded: {error}") from None

    def _all(self, wanted: bytes) -> list[str]:
        """List the values of a header, in the order of its lines."""
        return [
            value.decode("latin-1").strip()
            for name, value in self.headers
            if name.lower() == wanted
        ]

    # What httptools calls.

    def on_message_begin(self) -> None:
        """Begin an answer, or notice what follows one."""
        if self.complete:
            self.left_over = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a line of the header; what follows the answer has none of it."""
        if not self._in_body:
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Find out how the body ends: a length, chunks, or the connection does it."""
        if self.complete:
            return
        self.status = self._parser.get_status_code()
        if self._parser.get_http_version() == "1.0":
            self.version = HTTP_1_0
        if self.status == CONTINUE:
            return
        self._in_body = True
        framed = {b"content-length", b"transfer-encoding"}
        self._kept_to_the_close = not any(name.lower() in framed for name, _ in self.headers)

    def on_body(self, data: bytes) -> None:
        """Keep a piece of the body, unless it is too long."""
        if self.complete:
            return
        self._body = self._body + data if self._body else data
        if len(self._body) > MOST_BODY_BYTES:
            self.too_long = True
            raise BadAnswer("too long: the parser stops")

    def on_message_complete(self) -> None:
        """End the answer, unless it is an interim one."""
        if self.status == CONTINUE:
            self.headers.clear()
            return
        if not self.complete:
            self.complete = True
            self._kept_to_the_close = False
