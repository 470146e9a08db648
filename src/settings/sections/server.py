"""The map `server`: what a replica reads."""

import math
from typing import Annotated, Literal

from pydantic import Field

from long_lived.settings.sections.connection_limits import ConnectionLimits
from long_lived.settings.sections.section import Range, Seconds, Section, WholeSeconds

Runtime = Literal["flask", "gunicorn", "go"]
Proxy = Literal["none", "haproxy"]
WorkerClass = Literal[
    "gthread-repaired", "gevent-repaired", "sync-repaired", "gthread", "gevent", "sync"
]

DRAIN_MARGIN_SECONDS = 5
"""What an answer may take beyond its delay, where no graceful timeout is set."""

EXIT_MARGIN_SECONDS = 5
"""What a process may take to end after its drain."""


class Delay(Range):
    """How long the server waits before each answer; uniform between the two."""

    min_seconds: Seconds = 20
    """Shortest wait before an answer, in seconds."""

    max_seconds: Seconds = 60
    """Longest wait before an answer, in seconds; not below minSeconds."""


class ServerKeepAlive(ConnectionLimits):
    """The server's side of HTTP keep-alive.

    All of it is ignored by the runtime `flask` and the
    worker classes `sync` and `sync-repaired`, which close every connection after one answer. The
    answer to `GET /` that reaches maxRequests or maxAgeSeconds says `Connection: close`, and then
    the server closes: never without an answer, so that no request is lost to it.
    """

    idle_timeout_seconds: WholeSeconds = 0
    """Longest silence, in whole seconds, after which the server closes a kept connection. 0 means
    no limit, Go's own default."""


class Gunicorn(Section):
    """What only the runtime `gunicorn` reads."""

    worker_class: WorkerClass = "gthread-repaired"
    """`gthread` (a thread per request in flight), `gevent` (a greenlet per connection) and `sync`
    (one request at a time; closes every connection) are gunicorn's own workers. Those with
    `-repaired` are this project's, which lose no request in a restart; docs/workers.md says what
    each of them repairs."""

    threads: Annotated[int, Field(ge=0, le=100_000)] = 0
    """Most requests in flight on one replica with `gthread-repaired` and `gthread`. 0 means enough
    for every client: as many as the limit on open files allows, or half as many with `gthread`,
    whose threads and idle connections share one limit."""


class Server(Section):
    """The server: how many replicas, in which runtime, and how they answer."""

    enabled: bool = True
    """Whether there are servers of ours. false loads what client.url names, a service that is there
    already: all of `server` has no effect then, apart from replicas."""

    replicas: Annotated[int | None, Field(ge=1, le=1000)] = 3
    """Number of server replicas. null, on a cluster only, leaves it to an autoscaler: the
    Deployment states no number, and the client takes the replicas that it finds, at least one.
    With enabled false it says how many the service has, and null that nobody knows."""

    runtime: Runtime = "flask"
    """`flask` (the development server, which closes every connection), `gunicorn` (keeps them)
    or `go` (net/http, keeps them)."""

    port: Annotated[int, Field(ge=1, le=65_535)] = 8000
    """TCP port that a replica listens on."""

    delay: Delay = Delay()

    keep_alive: ServerKeepAlive = ServerKeepAlive()

    gunicorn: Gunicorn = Gunicorn()

    backlog: Annotated[int, Field(ge=1, le=65_535)] = 16_384
    """Length of the listen() queue, in which connections wait to be accepted. Must hold the burst
    in which all clients connect; the kernel caps it at net.core.somaxconn."""

    graceful_timeout_seconds: WholeSeconds = 0
    """Longest wait at SIGTERM for answers in flight, in whole seconds. 0 leaves it to the runtime:
    `flask` and `go` end at once, `gunicorn` waits for delay.maxSeconds plus 5."""

    header_timeout_seconds: WholeSeconds = 30
    """Longest time, in whole seconds, until the headers of a request are complete: from its first
    byte, or on a new connection from its opening. Then the server closes the connection, so that a
    slow client holds nothing for long; a kept connection that is idle is no slow one. 0 means no
    limit, and gunicorn's own worker classes know none. Must be above what a busy client takes from
    connect() to the last byte of its first request."""

    proxy: Proxy = "none"
    """What clients reach the replicas through: with `none` it is the Service, which balances
    connections; `haproxy` is a proxy that balances each request."""

    @property
    def drain_seconds(self) -> int:
        """Longest drain at SIGTERM of a runtime that drains, in seconds."""
        return self.graceful_timeout_seconds or (
            math.ceil(self.delay.max_seconds) + DRAIN_MARGIN_SECONDS
        )

    @property
    def grace_period_seconds(self) -> int:
        """Time from SIGTERM to SIGKILL, in seconds. The chart's pods get the same."""
        return self.drain_seconds + EXIT_MARGIN_SECONDS
