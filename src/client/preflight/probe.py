"""One question to a replica, on a connection of its own: a bounded wait for a bounded answer.

By a socket alone: no engine has to import another's libraries for it.
"""

import socket
import time
from urllib.parse import urlsplit

from long_lived.client.engines.loop.incoming import Incoming
from long_lived.client.transport.errors import BadAnswer
from long_lived.client.users.request import request_bytes
from long_lived.record.error_kind import ErrorKind

READ_BYTES = 16 * 1024


class Unanswered(Exception):
    """No answer; its argument is the `ErrorKind`."""


def ask(url: str, seconds: float) -> tuple[int, bytes]:
    """Return status and body of the answer.

    Args:
        url: where to ask.
        seconds: longest wait for a connection, and again for the whole answer.

    Raises:
        Unanswered: there is none.
    """
    parts = urlsplit(url)
    sock = _connected((parts.hostname or "", parts.port or 80), seconds)
    incoming = Incoming()
    try:
        # Closed after its answer: a kept connection would be balanced once.
        sock.sendall(request_bytes(url, {"Connection": "close"}) + b"\r\n")
        deadline, whole = time.monotonic() + seconds, False
        while not whole:
            sock.settimeout(max(0.001, deadline - time.monotonic()))
            data = sock.recv(READ_BYTES)
            whole = incoming.feed(data) if data else incoming.end()
            if not (whole or data):
                raise Unanswered(ErrorKind.CONNECTION_LOST)
        return incoming.status, incoming.body()
    except BadAnswer:
        raise Unanswered(ErrorKind.BAD_ANSWER) from None
    except TimeoutError:
        raise Unanswered(ErrorKind.READ_TIMEOUT) from None
    except OSError:
        raise Unanswered(ErrorKind.CONNECTION_LOST) from None
    finally:
        incoming.release()
        sock.close()


def _connected(address: tuple[str, int], seconds: float) -> socket.socket:
    try:
        return socket.create_connection(address, seconds)
    except (socket.gaierror, UnicodeError):
        raise Unanswered(ErrorKind.NAME_UNRESOLVED) from None
    except ConnectionRefusedError:
        raise Unanswered(ErrorKind.CONNECT_REFUSED) from None
    except TimeoutError:
        raise Unanswered(ErrorKind.CONNECT_TIMEOUT) from None
    except OSError:
        raise Unanswered(ErrorKind.CONNECT_FAILED) from None
