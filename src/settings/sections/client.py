"""The map `client`: what a client reads."""

from typing import Annotated, Literal

from pydantic import AnyHttpUrl, Field, StringConstraints, TypeAdapter, field_validator
from pydantic_core import PydanticCustomError

from long_lived.settings.sections.connection_limits import ConnectionLimits
from long_lived.settings.sections.section import Range, Seconds, Section
from long_lived.settings.sections.target import Status, Target

KeepAliveMode = Literal["persistent", "per-request", "recycle"]
Connections = Literal["per-user", "shared", "shared-fifo"]
Balancing = Literal["service", "headless"]
BalancingPolicy = Literal["round-robin", "least-in-flight", "two-choices"]
Engine = Literal["threads", "gevent", "asyncio"]

_BYTE = r"(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_WORD = "[0-9A-Fa-f]{1,4}"
_IPV6 = "|".join(
    [
        f"({_WORD}:){{7}}{_WORD}",
        *(f"({_WORD}:){{1,{7 - last}}}(:{_WORD}){{1,{last}}}" for last in range(1, 7)),
        f"({_WORD}:){{1,7}}:",
        f":((:{_WORD}){{1,7}}|:)",
    ]
)
_BEYOND_ASCII = "\u00a1-\u1fff\u3001-\ud7ff"
_LABEL = rf"[A-Za-z0-9_{_BEYOND_ASCII}-]"
_NAME = rf"({_LABEL}{{1,63}}\.)*[A-Za-z_{_BEYOND_ASCII}]{_LABEL}{{0,62}}\.?"
_PORT = r"([1-9][0-9]{0,3}|[1-5][0-9]{4}|6([0-4][0-9]{3}|5([0-4][0-9]{2}|5([0-2][0-9]|3[0-5]))))"
URL_PATTERN = (
    r"^([Hh][Tt][Tt][Pp][Ss]?://"
    rf"(({_BYTE}\.){{3}}{_BYTE}|\[({_IPV6})\]|{_NAME})(:{_PORT})?"
    rf"([/?#][!-\[\]-~{_BEYOND_ASCII}]*)?)?$"
)
"""An http:// or https:// address, or nothing, for the validators of Helm (Go) and of pydantic
(Rust), neither of which can look ahead. A name's last label must not be a number: that would be an
IPv4 address."""

_URL = TypeAdapter(AnyHttpUrl)

MOST_CLIENTS = 200


class ThinkTime(Range):
    """How long a virtual user waits from an answer to its next request; uniform."""

    min_seconds: Seconds = 1
    """Shortest think time, in seconds."""

    max_seconds: Seconds = 3
    """Longest think time, in seconds; not below minSeconds."""


class ClientKeepAlive(ConnectionLimits):
    """The client's side of HTTP keep-alive."""

    mode: KeepAliveMode = "persistent"
    """`persistent` keeps a connection until the server closes it, `per-request` closes it after
    every answer, `recycle` retires it at maxRequests or maxAgeSeconds, one of which must be above 0
    then, and 0 otherwise: after the answer with which it reaches its limit, or when the next
    request would take it, never in the middle of one."""


class Timeouts(Section):
    """How long the client waits."""

    connect_seconds: Annotated[float, Field(gt=0, le=3600)] = 30
    """Longest wait for a TCP connection, in seconds. Longer than the kernel's first SYN
    retransmissions take (1, 3, 7 and 15 s), so that one packet lost in a burst is not a failure."""

    read_seconds: Seconds = 0
    """Longest wait for a whole answer, in seconds from the send. 0 means server.delay.maxSeconds
    plus 30."""


class Readiness(Section):
    """What the client waits for before its clock starts."""

    timeout_seconds: Annotated[float, Field(gt=0, le=3600)] = 120
    """Longest wait for the servers to be ready, in seconds."""

    path: Annotated[str, StringConstraints(max_length=2000, pattern=r"^(/[!-~]*)?$")] = "/readyz"
    """Path that is asked whether a server is ready. Empty means that none is asked."""

    status: Status = "200"
    """Statuses that say that it is ready, as in `200,204` or `2xx`."""

    host: str = ""
    """Name that resolves to the address of every replica (the headless Service). The clock starts
    when it has exactly server.replicas addresses (with null: any number), each answers /readyz,
    and the client's url has led to each: otherwise the first replica up gets every connection.
    With balancing `headless`, which goes past the url, that is not asked. Empty means the chart's
    headless Service on a cluster, and only the client's url elsewhere."""


class Headless(Section):
    """How the client chooses among replicas itself, with client.balancing `headless`."""

    policy: BalancingPolicy = "round-robin"
    """Which replica gets the next request, or with a connection per user the next connection, among
    those that have less than their share: `round-robin` takes one after the other,
    `least-in-flight` the one with the fewest requests in flight (with a connection per user: the
    fewest connections), `two-choices` the better of two drawn at random."""

    resolve_seconds: Annotated[float, Field(gt=0, le=3600)] = 5
    """How often the addresses of the replicas are looked up, in seconds. Connections to addresses
    that are gone are given up, and with a connection per user those whose address has more than its
    share move to others, each before its next request. Where no address is found, the last ones
    stay."""


class Client(Section):
    """The client: how many virtual users, what they do, and how they keep connections."""

    enabled: bool = True
    """Whether the client runs. false installs the server alone."""

    url: Annotated[str, StringConstraints(pattern=URL_PATTERN)] = ""
    """Address of the server. Empty means the release's Service on a cluster, and
    http://127.0.0.1:<server.port>/ elsewhere. It may be that of a service that is not ours, with
    server.enabled false; `target` says what is asked of it."""

    target: Target = Target()

    concurrency: Annotated[int, Field(ge=1, le=100_000)] = 1000
    """Number of virtual users per client, each with at most one request in flight."""

    requests_per_user: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    """Requests that each virtual user makes. Ignored where durationSeconds is above 0."""

    duration_seconds: Seconds = 0
    """How long virtual users keep sending, in seconds from the start of the clock; answers still
    in flight are awaited. 0 means until every user has made its requests."""

    think_time: ThinkTime = ThinkTime()

    ramp_up_seconds: Seconds = 2
    """The first requests are spread evenly over this many seconds. 0 sends them all at once."""

    keep_alive: ClientKeepAlive = ClientKeepAlive()

    connections: Connections = "per-user"
    """`per-user` gives each virtual user a connection of its own, `shared` gives all users one
    pool, as in an application with one Session, which takes the connection that was used last
    (LIFO). `shared-fifo` takes the one that has been idle longest."""

    balancing: Balancing = "service"
    """`service` leaves the choice of a replica to the address in the client's url, `headless`
    looks up the address of every replica (readiness.host, the headless Service) and chooses."""

    headless: Headless = Headless()

    timeouts: Timeouts = Timeouts()

    readiness: Readiness = Readiness()

    engine: Engine = "threads"
    """`threads` runs each virtual user in a thread, `gevent` in a greenlet, `asyncio` runs all of
    them on one event loop, at a fraction of the cost."""

    log_responses: bool = True
    """Whether each answer is a line on standard output."""

    parallelism: Annotated[int, Field(ge=1, le=MOST_CLIENTS)] = 1
    """Number of clients: processes on one machine, pods of the Job on a cluster."""

    seed: Annotated[int | None, Field(ge=0, le=2_147_483_647)] = None
    """Seed of the random delays and think times: the same request of the same user of the same
    client waits equally long in all runs with this seed; clients differ by the index of their pod.
    null draws anew in each run."""

    @property
    def shares_connections(self) -> bool:
        """Whether all users have one pool of connections."""
        return self.connections != "per-user"

    @property
    def secure(self) -> bool:
        """Whether connections are encrypted."""
        return self.url[:6].lower() == "https:"

    @property
    def balances_requests(self) -> bool:
        """Whether the client chooses a replica for each request."""
        return self.balancing == "headless" and self.shares_connections

    @field_validator("url")
    @classmethod
    def refuse_a_host_that_cannot_be(cls, url: str) -> str:
        """Refuse what a pattern cannot catch: invisible characters, and those in no name."""
        if url and (_URL.validate_python(url).host is None or not url.isprintable()):
            raise PydanticCustomError("http_url", "")
        return url
