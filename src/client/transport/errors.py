"""Which `ErrorKind` an exception of the HTTP libraries is."""

import socket
import ssl
from typing import TypeVar

from long_lived.record.error_kind import ErrorKind

Cause = TypeVar("Cause", bound=BaseException)


class BadAnswer(Exception):
    """An answer that is not what the server promises."""


class UnaskedAnswer(Exception):
    """Bytes on a kept connection that belong to no request.

    It fails the request that was about to be sent there: answers on such a connection cannot be
    told apart, and a server or proxy that mixes them up must not pass unnoticed.
    """


class UnexpectedStatus(Exception):
    """An answer with a status that does not count."""


def classify(error: BaseException) -> ErrorKind:
    """Name the kind of a failure, whatever it is wrapped in.

    Source: requests 2.34 adapters.py wraps urllib3's errors, urllib3 2.8 connection.py
    and connectionpool.py wrap the socket's; the innermost cause tells most.
    """
    if isinstance(error, UnexpectedStatus):
        return ErrorKind.HTTP_STATUS
    if isinstance(error, BadAnswer):
        return ErrorKind.BAD_ANSWER
    if isinstance(error, UnaskedAnswer):
        return ErrorKind.UNASKED_ANSWER
    return _classify_of_the_libraries(error)


def _classify_of_the_libraries(error: BaseException) -> ErrorKind:
    # Not earlier: the engine asyncio uses none of these, and does without their 8 MB.
    from http.client import IncompleteRead

    import requests
    import urllib3.exceptions as urllib3_errors

    chain = _chain(error)
    if _any(chain, socket.gaierror, urllib3_errors.NameResolutionError):
        return ErrorKind.NAME_UNRESOLVED
    if _any(chain, ssl.SSLError) and not _any(chain, ssl.SSLEOFError, ssl.SSLZeroReturnError):
        return ErrorKind.TLS_FAILED
    # First, because to urllib3 a refused connection is also a kind of connect timeout.
    if _any(chain, urllib3_errors.NewConnectionError):
        refused = _any(chain, ConnectionRefusedError)
        return ErrorKind.CONNECT_REFUSED if refused else ErrorKind.CONNECT_FAILED
    if _any(chain, requests.ConnectTimeout, urllib3_errors.ConnectTimeoutError):
        return ErrorKind.CONNECT_TIMEOUT
    if _any(chain, requests.ReadTimeout, urllib3_errors.ReadTimeoutError, TimeoutError):
        return ErrorKind.READ_TIMEOUT
    if _any(chain, urllib3_errors.InvalidChunkLength):
        return ErrorKind.BAD_ANSWER
    if _any(chain, ConnectionError, IncompleteRead, ssl.SSLError) or any(
        map(_ended_between_chunks, chain)
    ):
        return ErrorKind.CONNECTION_LOST
    if _any(chain, urllib3_errors.HTTPError, requests.RequestException):
        return ErrorKind.BAD_ANSWER
    if _any(chain, OSError):
        return ErrorKind.CONNECT_FAILED
    return ErrorKind.CLIENT_ERROR


def _ended_between_chunks(error: BaseException) -> bool:
    """Recognise it by its text alone. Source: urllib3 2.8 response.py, _update_chunk_length."""
    from urllib3.exceptions import ProtocolError

    return isinstance(error, ProtocolError) and error.args == ("Response ended prematurely",)


def cause(error: BaseException, kind: type[Cause]) -> Cause | None:
    """Return the first exception of a kind among all that `error` wraps; None where none is."""
    return next((link for link in _chain(error) if isinstance(link, kind)), None)


def _any(chain: list[BaseException], *kinds: type[BaseException]) -> bool:
    return any(isinstance(link, kinds) for link in chain)


def _chain(error: BaseException) -> list[BaseException]:
    """List an error and everything that it wraps: causes, contexts, reasons and arguments."""
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        link = waiting.pop()
        if isinstance(link, BaseException) and not any(link is known for known in found):
            found.append(link)
            waiting += [link.__cause__, link.__context__, getattr(link, "reason", None), *link.args]
    return found
