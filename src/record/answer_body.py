"""What a server answers to `GET /` where JSON is asked for: the Python and the Go server alike.

A plain dict, because one is written and read for every request: nothing is checked here. The client
checks what it needs (`client.transport.exchange`), whatever the server is.
"""

from typing import NotRequired, TypedDict


class ConnectionBody(TypedDict):
    """The connection on which the request came, as the replica knows it."""

    number: int
    """1, 2, 3 … in the order of their first `GET /`."""
    age_seconds: float
    requests: int
    """`GET /` requests that it has carried, this one included."""


class AnswerBody(TypedDict):
    """One answer."""

    pod: str
    runtime: str
    instance: NotRequired[str]
    """Which start of the replica this is; older servers do not say."""
    uptime_seconds: NotRequired[float]
    """How long that start has been running; older servers do not say."""
    delay_seconds: float
    """How long it waited before this answer."""
    in_flight: int
    """Requests in flight on the replica, this one included."""
    connection: ConnectionBody
