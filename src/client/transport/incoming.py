"""What comes in on a connection: each answer within one deadline and one length, and nothing else.

urllib3 and http.client bound each read and each line on its own: a server that sends a byte now
and then, or an endless header, could hold a user and memory for as long as it likes. Here the
bytes themselves are counted and timed, below everything that reads them.
"""

import http.client
import io
import socket
import ssl
import time
from typing import Any

from urllib3 import HTTPResponse
from urllib3.connection import HTTPConnection

from long_lived.client.target.bounds import MOST_BODY_BYTES, WIRE_BYTES
from long_lived.client.transport.answer import announces_close
from long_lived.client.transport.errors import BadAnswer
from long_lived.metrics.closing import Closing


def read_body(response: HTTPResponse, most: int = MOST_BODY_BYTES) -> bytes:
    """Read the body, decoded.

    Returns:
        All of it. Of a body that is too long a part, which exceeds `most`; the connection is closed
        then.

    Raises:
        urllib3.exceptions.HTTPError, BadAnswer: it did not arrive whole.
    """
    body = b""
    length = response.length_remaining
    # A short plain body is read in one piece: in parts it takes urllib3 twice as long.
    short = length is not None and length <= MOST_BODY_BYTES
    whole = short and not response.chunked and "Content-Encoding" not in response.headers
    try:
        # read() would take a broken chunk for a lost connection.
        for piece in response.stream(None if whole else MOST_BODY_BYTES + 1, decode_content=True):
            body += piece
            if len(body) > most:
                response.close()
                break
    except ValueError as error:  # a chunk has a negative length
        raise BadAnswer(f"a body that cannot be read: {error}") from None
    return body


class BoundedConnection(HTTPConnection):
    """urllib3's connection, whose answers are bounded in time and length."""

    left_over = False
    """Whether bytes were read beyond the previous answer."""
    unasked = False
    """Whether it turned out to hold bytes that belong to no request."""
    ends_by = Closing.FAILED
    """Why it closes, if it does now."""
    most_wire_bytes = MOST_BODY_BYTES + WIRE_BYTES
    _deadline = 0.0
    _first = b""

    @property
    def is_connected(self) -> bool:
        """Whether it can carry the next request: open, with nothing to read.

        urllib3 asks this of a kept connection, and closes it if not. A poll could not tell one that
        the peer has closed from one that holds bytes.
        """
        if self.sock is None:
            return False
        self.unasked = self.left_over
        try:
            self.sock.settimeout(0)
            self.unasked |= _next(self.sock) != b""
        except (BlockingIOError, ssl.SSLWantReadError):
            return not self.left_over
        except OSError:
            pass
        return False

    def connect(self) -> None:
        """Connect; forget what was left over on the previous connection."""
        self.left_over = False
        super().connect()

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        """Start the deadline; wait for the first byte before anything is allocated to read it.

        http.client allocates its buffer of 8 KiB before it waits: 80 MB for ten thousand requests
        in flight. A timeout or reset is raised as it is, for urllib3 to wrap.
        """
        self._deadline = time.monotonic() + self.timeout  # type: ignore[operator] # never None here
        if self.sock is not None:
            self.sock.settimeout(self.timeout)
            first = _next(self.sock)
            self._first = first if isinstance(self.sock, ssl.SSLSocket) else b""
        return super().getresponse()

    def response_class(  # type: ignore[override] # called like a class
        self, sock: socket.socket, **options: Any
    ) -> "_Response":
        """Make the reader of an answer. Source: CPython http/client.py, which calls this."""
        incoming = _Incoming(sock, self._deadline, self.most_wire_bytes, self._first)
        return _Response(incoming, self, **options)


def _next(sock: socket.socket) -> bytes:
    """Return the next byte that comes in; nothing at the end.

    It stays there to be read again, except on a connection with TLS. What has arrived there may be
    a ticket, or the end: only reading tells, and OpenSSL keeps the rest of what it has decrypted.
    """
    return sock.recv(1, 0 if isinstance(sock, ssl.SSLSocket) else socket.MSG_PEEK)


class _Response(http.client.HTTPResponse):
    """http.client's reader of an answer, which also notes what is left on the connection."""

    def __init__(self, incoming: "_Incoming", connection: BoundedConnection, **options: Any):
        super().__init__(incoming, **options)  # type: ignore[arg-type] # asks for makefile only
        self._incoming, self._connection = incoming, connection

    def _check_close(self) -> bool:
        """Heed all lines and options; http.client heeds one line, and takes `x-close` for close."""
        closes = announces_close(self.version, self.headers.get_all("connection", []))
        if closes:
            self._connection.ends_by = Closing.ANSWERED
        return closes

    def _close_conn(self) -> None:
        """Note whether bytes were read beyond the answer: they go with the buffer."""
        self._incoming.ended = True
        self._connection.left_over = bool(self.fp.peek())
        super()._close_conn()  # type: ignore[misc] # typeshed leaves it out


class _Incoming(io.RawIOBase):
    """The bytes of one answer."""

    def __init__(self, sock: socket.socket, deadline: float, most: int, first: bytes) -> None:
        self._sock, self._deadline = sock, deadline
        self._first = first  # has been read already
        # Keeps the descriptor open if the connection is closed while its last answer is read.
        self._held = sock.makefile("rb", buffering=0)
        self._most = self._left = most
        self.ended = False

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Pass as a socket: http.client calls nothing else."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what is there, or wait for it until the deadline.

        What has already arrived is read even after that: a client that stood still for a while
        must not call answers late.

        Raises:
            TimeoutError: the deadline has passed.
            BadAnswer: the answer is longer than may be.
        """
        if self.ended:
            return 0
        if self._first:
            buffer[:1], self._first = self._first, b""
            return 1
        self._sock.settimeout(max(0.0, self._deadline - time.monotonic()))
        try:
            count = self._sock.recv_into(buffer)
        except (BlockingIOError, ssl.SSLWantReadError):
            raise TimeoutError("timed out") from None
        self._left -= count
        if self._left < 0:
            raise BadAnswer(f"an answer of more than {self._most} bytes")
        return count

    def close(self) -> None:
        self._held.close()
        super().close()
