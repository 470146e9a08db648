"""One question to a replica, on a connection of its own: a bounded wait for a bounded answer.

By a socket alone: no engine has to import another's libraries for it.
"""

import socket
import ssl
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from long_lived.client.engines.loop.incoming import Incoming
from long_lived.client.target.asked import Asked
from long_lived.client.target.bounds import MOST_FOREIGN_BODY_BYTES
from long_lived.client.transport.errors import BadAnswer
from long_lived.client.users.request import header_bytes
from long_lived.record.error_kind import ErrorKind

READ_BYTES = 16 * 1024


class Unanswered(Exception):
    """No answer; its argument is the `ErrorKind`."""


@dataclass(frozen=True)
class Question:
    """What is asked: a GET of an url."""

    url: str
    host: str = ""
    """The header Host; empty means the url's."""
    tls: ssl.SSLContext | None = None
    """How the connection is encrypted, if the url is https."""
    server_name: str = ""
    """The name that the certificate must be for."""


def ask(question: Question, seconds: float) -> tuple[int, bytes]:
    """Return status and body of the answer.

    Args:
        question: what is asked, and where.
        seconds: longest wait for a connection, and again for the whole answer.

    Raises:
        Unanswered: there is none.
    """
    parts = urlsplit(question.url)
    port = parts.port or (443 if question.tls else 80)
    # Closed after its answer: a kept connection would be balanced once.
    headers = {"Connection": "close", **({"Host": question.host} if question.host else {})}
    asked = Asked("GET", question.url, headers, body=None, draws=False)
    sock = _connected((parts.hostname or "", port), seconds)
    incoming = Incoming(MOST_FOREIGN_BODY_BYTES)
    try:
        deadline, whole = time.monotonic() + seconds, False
        if question.tls:
            sock = question.tls.wrap_socket(sock, server_hostname=question.server_name)
        sock.sendall(header_bytes(asked) + b"\r\n")
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
    except ssl.SSLError:
        raise Unanswered(ErrorKind.TLS_FAILED) from None
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
