"""Why a request failed: a closed list of words, the same in logs, summaries and tests."""

from enum import StrEnum


class ErrorKind(StrEnum):
    """The one reason that a failed request is counted under."""

    NAME_UNRESOLVED = "name_unresolved"
    """The server's name has no address."""
    CONNECT_REFUSED = "connect_refused"
    """Nothing listens at the address."""
    CONNECT_TIMEOUT = "connect_timeout"
    """No TCP connection within client.timeouts.connectSeconds."""
    CONNECT_FAILED = "connect_failed"
    """No TCP connection for another reason (no route, no free port, no descriptor)."""
    TLS_FAILED = "tls_failed"
    """No TLS on a TCP connection: no certificate that is trusted, or no version in common."""
    CONNECTION_LOST = "connection_lost"
    """The connection was closed or reset before the answer was complete."""
    READ_TIMEOUT = "read_timeout"
    """No whole answer within client.timeouts.readSeconds."""
    HTTP_STATUS = "http_status"
    """An answer with a status that does not count: other than 200, or client.target.status."""
    BAD_ANSWER = "bad_answer"
    """An answer that is not HTTP, is too long, does not name its pod, or cannot be true."""
    UNASKED_ANSWER = "unasked_answer"
    """The kept connection held bytes that nobody asked for: it was closed, and nothing sent."""
    INTERRUPTED = "interrupted"
    """In flight when the client was told to stop."""
    NOT_SENT = "not_sent"
    """Planned, but the client stopped before its turn came."""
    CLIENT_ERROR = "client_error"
    """A defect of the client itself; the log has the traceback."""
