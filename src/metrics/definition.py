"""The metrics: the only place with their names, texts, labels and buckets.

Server, client and `inspect` have the same metrics, told apart by the label `side`. Names follow
https://prometheus.io/docs/practices/naming/: base units, `_total` for what only grows.
"""

from dataclasses import dataclass
from typing import Literal

from long_lived.metrics.closing import Closing
from long_lived.record.error_kind import ErrorKind

Side = Literal["server", "client", "inspect"]
Kind = Literal["gauge", "counter", "histogram"]

SIDE = "side"
SERVER_ERROR = "server_error"
"""The kind of failure that a server knows of; it never learns that an answer did not arrive."""

MOST_REPLICAS = 100
"""Replicas that a client names; what more of them did is put together, because names come from
outside."""
MORE_REPLICAS = "more"

EVENNESS_SECONDS = 60

AGE_BUCKETS = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14400.0, 86400.0)
"""Seconds, from a connection for one request to one that outlives a day."""
REQUEST_BUCKETS = (1.0, 2.0, 5.0, 10.0, 50.0, 100.0, 500.0, 1000.0, 10000.0)


@dataclass(frozen=True)
class Metric:
    """One metric."""

    name: str
    """In the text format; a counter's ends with `_total`."""
    kind: Kind
    text: str
    labels: tuple[str, ...] = ()
    """Besides `side`."""
    sides: tuple[Side, ...] = ("server", "client")
    buckets: tuple[float, ...] = ()
    """Upper bounds, without the infinite one."""


EVERY: tuple[Side, ...] = ("server", "client", "inspect")

STARTED = Metric(
    "long_lived_start_time_seconds",
    "gauge",
    "When this instance of a replica began to serve, or the client its run, since 1970.",
    ("replica",),
    EVERY,
)
IN_FLIGHT = Metric(
    "long_lived_requests_in_flight", "gauge", "Requests that wait for their answers.", ("replica",)
)
ANSWERED = Metric(
    "long_lived_requests_answered_total", "counter", "Requests answered.", ("replica",)
)
FAILED = Metric(
    "long_lived_requests_failed_total",
    "counter",
    "Requests that failed, by ErrorKind; a server's by server_error.",
    ("replica", "kind"),
)
OPEN = Metric(
    "long_lived_connections_open",
    "gauge",
    "Connections held: opened and not closed.",
    ("replica",),
    EVERY,
)
OPENED = Metric(
    "long_lived_connections_opened_total",
    "counter",
    "Connections opened; a client's count from their first answer.",
    ("replica",),
    EVERY,
)
CLOSED = Metric(
    "long_lived_connections_closed_total",
    "counter",
    "Connections closed, by reason; inspect sees none.",
    ("replica", "reason"),
    EVERY,
)
OLDEST = Metric(
    "long_lived_connection_oldest_age_seconds",
    "gauge",
    "Age of the oldest connection held; 0 without any.",
    ("replica",),
)
AGE = Metric(
    "long_lived_connection_age_seconds",
    "histogram",
    "Age at which connections closed.",
    ("replica",),
    buckets=AGE_BUCKETS,
)
REQUESTS = Metric(
    "long_lived_connection_requests",
    "histogram",
    "Requests that connections had carried when they closed.",
    ("replica",),
    buckets=REQUEST_BUCKETS,
)
EVENNESS = Metric(
    "long_lived_evenness_ratio",
    "gauge",
    "What the replica with fewest has, as a part of its fair share: answers of the last minute "
    "(client), connections held (inspect).",
    (),
    ("client", "inspect"),
)

METRICS = (
    *(STARTED, IN_FLIGHT, ANSWERED, FAILED, OPEN, OPENED, CLOSED, OLDEST),
    *(AGE, REQUESTS, EVENNESS),
)

VALUES: dict[str, tuple[str, ...]] = {
    "kind": (*ErrorKind, SERVER_ERROR),
    "reason": tuple(Closing),
}
"""What a label may be, where that is a closed list."""
