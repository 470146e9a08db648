"""Every value that an app reads, with its bounds, its default and the reason for it.

Rules: a quantity carries its unit in its name; what 0 means stands in the
docstring; the docstrings are published (chart schema, values tables), so they
are written for the person who sets the value.
"""

import math
from typing import Annotated, Any, Literal

from pydantic import (
    AnyHttpUrl,
    Field,
    StringConstraints,
    TypeAdapter,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from long_lived.settings.section import Range, Seconds, Section, WholeSeconds

Runtime = Literal["flask", "gunicorn", "go"]
WorkerClass = Literal[
    "gthread-repaired", "gevent-repaired", "sync-repaired", "gthread", "gevent", "sync"
]
KeepAliveMode = Literal["persistent", "per-request"]
Connections = Literal["per-user", "shared"]
Engine = Literal["threads", "gevent"]
Expectation = Literal["even", "pinned", "any"]
RestartMode = Literal["together", "rolling"]
RestartSignal = Literal["graceful", "kill"]

DRAIN_MARGIN_SECONDS = 5
"""What an answer may take beyond its delay, where no graceful timeout is set."""

EXIT_MARGIN_SECONDS = 5
"""What a process may take to end after its drain."""

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
    r"^([Hh][Tt][Tt][Pp]://"
    rf"(({_BYTE}\.){{3}}{_BYTE}|\[({_IPV6})\]|{_NAME})(:{_PORT})?"
    rf"([/?#][!-\[\]-~{_BEYOND_ASCII}]*)?)?$"
)
"""An http:// address, or nothing, for the validators of Helm (Go) and of pydantic (Rust), neither
of which looks ahead. A name's last label is no number, which would make it an IPv4 address."""

_URL = TypeAdapter(AnyHttpUrl)


class Delay(Range):
    """How long the server waits before it answers; uniform between the two."""

    min_seconds: Seconds = 20
    """Shortest wait before an answer, in seconds."""

    max_seconds: Seconds = 60
    """Longest wait before an answer, in seconds; not below minSeconds."""


class ThinkTime(Range):
    """How long a virtual user waits from an answer to its next request; uniform."""

    min_seconds: Seconds = 1
    """Shortest think time, in seconds."""

    max_seconds: Seconds = 3
    """Longest think time, in seconds; not below minSeconds."""


class ServerKeepAlive(Section):
    """The server's side of HTTP keep-alive."""

    idle_timeout_seconds: WholeSeconds = 0
    """Longest silence, in whole seconds, after which the server closes a kept connection.
    0 means no limit, Go's own default. Without effect in the runtime `flask` and the worker
    classes `sync` and `sync-repaired`, which close every connection after one answer."""


class Gunicorn(Section):
    """What only the runtime `gunicorn` reads."""

    worker_class: WorkerClass = "gthread-repaired"
    """`gthread` (a thread per request in flight), `gevent` (a greenlet per connection) and `sync`
    (one request at a time; closes every connection) are gunicorn's own workers. With `-repaired`
    they are this project's, which lose no request in a restart: the README says what each mends."""

    threads: Annotated[int, Field(ge=0, le=100_000)] = 0
    """Most requests in flight on one replica with `gthread-repaired` and `gthread`. 0 means enough
    for every client: as many as the limit on open files carries, and half as many with `gthread`,
    which keeps only as many idle connections as threads leave over."""


class Server(Section):
    """The server: how many replicas, in which runtime, and how they answer."""

    replicas: Annotated[int | None, Field(ge=1, le=1000)] = 3
    """Number of server replicas. null leaves it to an autoscaler, on a cluster alone: the
    Deployment states none, and the client takes the replicas that it finds, at least one."""

    runtime: Runtime = "flask"
    """`flask` (the development server, which closes every connection), `gunicorn` (keeps them)
    or `go` (net/http, keeps them)."""

    port: Annotated[int, Field(ge=1, le=65_535)] = 8000
    """TCP port that a replica listens on."""

    delay: Delay = Delay()
    """Wait before each answer."""

    keep_alive: ServerKeepAlive = ServerKeepAlive()
    """The server's side of HTTP keep-alive."""

    gunicorn: Gunicorn = Gunicorn()
    """Settings of the runtime `gunicorn`."""

    backlog: Annotated[int, Field(ge=1, le=65_535)] = 16_384
    """Length of the listen() queue: connections that wait to be accepted. Must hold the burst
    in which all clients connect; the kernel caps it at net.core.somaxconn."""

    graceful_timeout_seconds: WholeSeconds = 0
    """Longest wait at SIGTERM for answers in flight, in whole seconds. 0 means what the runtime
    does by itself: `flask` and `go` end at once, `gunicorn` waits for delay.maxSeconds plus 5."""

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


class ClientKeepAlive(Section):
    """The client's side of HTTP keep-alive."""

    mode: KeepAliveMode = "persistent"
    """`persistent` keeps a connection until the server closes it, `per-request` closes it after
    every answer."""


class Timeouts(Section):
    """How long the client waits."""

    connect_seconds: Annotated[float, Field(gt=0, le=3600)] = 30
    """Longest wait for a TCP connection, in seconds. Above the kernel's first SYN
    retransmissions (1, 3, 7 and 15 s), so that one lost packet of a burst is no failure."""

    read_seconds: Seconds = 0
    """Longest wait for a whole answer, from the send on, in seconds. 0 means
    server.delay.maxSeconds plus 30."""


class Readiness(Section):
    """What the client waits for before its clock starts."""

    timeout_seconds: Annotated[float, Field(gt=0, le=3600)] = 120
    """Longest wait for the servers to be ready, in seconds."""

    host: str = ""
    """Name that resolves to the address of every replica (the headless Service). The clock starts
    when it has exactly server.replicas addresses (with null: any number), each answers /readyz,
    and the client's url has led to each: otherwise the first replica up gets every connection.
    Empty means the chart's headless Service on a cluster, and elsewhere only the client's url."""


class Client(Section):
    """The client: how many virtual users, what they do, and how they keep connections."""

    enabled: bool = True
    """Whether the client runs: false installs the server alone."""

    url: Annotated[str, StringConstraints(pattern=URL_PATTERN)] = ""
    """Address of the server. Empty means the release's Service on a cluster, and
    http://127.0.0.1:<server.port>/ elsewhere."""

    concurrency: Annotated[int, Field(ge=1, le=100_000)] = 1000
    """Number of virtual users of one client, each with at most one request in flight."""

    requests_per_user: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    """Requests that each virtual user makes. Without effect where durationSeconds is above 0."""

    duration_seconds: Seconds = 0
    """How long virtual users go on sending, in seconds from the start of the clock; answers in
    flight then are awaited. 0 means until every user has made its requests."""

    think_time: ThinkTime = ThinkTime()
    """Wait from an answer to the same user's next request."""

    ramp_up_seconds: Seconds = 2
    """The first requests are spread evenly over this many seconds. 0 sends all at once."""

    keep_alive: ClientKeepAlive = ClientKeepAlive()
    """The client's side of HTTP keep-alive."""

    connections: Connections = "per-user"
    """`per-user` gives each virtual user a connection of its own, `shared` gives all users one
    pool, as in an application with one Session."""

    timeouts: Timeouts = Timeouts()
    """How long the client waits."""

    readiness: Readiness = Readiness()
    """What the client waits for before its clock starts."""

    engine: Engine = "threads"
    """`threads` runs each virtual user in a thread, `gevent` in a greenlet."""

    log_responses: bool = True
    """Whether each answer is a line on standard output."""

    parallelism: Annotated[int, Field(ge=1, le=200)] = 1
    """Number of clients: processes on one machine, pods of the Job on a cluster."""

    @field_validator("url")
    @classmethod
    def refuse_a_host_that_cannot_be(cls, url: str) -> str:
        """Refuse what a pattern cannot tell: characters that nobody sees, or that no name holds."""
        if url and (_URL.validate_python(url).host is None or not url.isprintable()):
            raise PydanticCustomError("http_url", "")
        return url


class Restart(Section):
    """A restart of server replicas in the middle of the run, made by the lab."""

    after_seconds: Seconds = 0
    """When replicas are restarted, in seconds from the start of the client's clock. Must stay
    below client.durationSeconds. 0 means never."""

    keep: Annotated[int, Field(ge=0, le=1000)] = 1
    """Number of replicas that are left alone, the oldest ones; fewer than server.replicas."""

    mode: RestartMode = "together"
    """`together` restarts the others all at once, `rolling` one after the other, each when the
    replacement of the one before is ready."""

    signal: RestartSignal = "graceful"
    """`graceful` is SIGTERM, and SIGKILL when the grace period is over; `kill` is SIGKILL at once
    (on a cluster through `kubectl exec`, before the pod is deleted)."""

    replacement_seconds: Annotated[float, Field(ge=0, le=3600)] = 2
    """How long after the stop a replacement starts on one machine, in seconds: what scheduling,
    container start and readiness probe take on a cluster, where this is without effect. Clients
    that reconnect sooner all go to the replicas that are left."""


class Experiment(Section):
    """What the run is called, and what it should show."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,51}[a-z0-9])?$")] = (
        "default"
    )
    """Name of the scenario; names the results folder."""

    description: str = ""
    """What the scenario shows, in a sentence."""

    expect: Expectation = "even"
    """The finding that makes the run a success: `even` (the connections are within chance of
    uniform), `pinned` (restarted replicas get far less than their share) or `any`."""

    max_failed_ratio: Annotated[float, Field(ge=0, le=1)] = 0.01
    """Largest share of failed requests, 0 to 1, with which a run still counts as complete. Requests
    that failed while replicas were restarting are counted apart."""

    even_within: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Largest deviation of a replica from its fair share, as a ratio of it, that is too little to
    matter: below it a run is even though chance does not explain the deviation."""

    restart: Restart = Restart()
    """A restart of server replicas in the middle of the run, made by the lab."""


class Settings(BaseSettings):
    """All settings of one experiment."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        validate_default=True,
        nested_model_default_partial_update=False,
    )

    server: Server = Server()
    """The server."""

    client: Client = Client()
    """The client."""

    experiment: Experiment = Experiment()
    """The experiment."""

    @model_validator(mode="after")
    def refuse_a_restart_that_cannot_be(self) -> "Settings":
        """Refuse a restart of no replica, and one after the end of the run."""
        restart = self.experiment.restart
        if not restart.after_seconds:
            return self
        limits: list[tuple[str, float, str, float]] = []
        if self.server.replicas is not None:
            limits.append(
                ("experiment.restart.keep", restart.keep, "server.replicas", self.server.replicas)
            )
        if self.client.duration_seconds:
            limits.append(
                (
                    "experiment.restart.afterSeconds",
                    restart.after_seconds,
                    "client.durationSeconds",
                    self.client.duration_seconds,
                )
            )
        for key, value, high, limit in limits:
            if value >= limit:
                raise PydanticCustomError(
                    "limit", "", {"key": key, "value": value, "high": high, "limit": limit}
                )
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is pydantic's
        init_settings: PydanticBaseSettingsSource,
        *_: Any,
        **__: Any,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what is given and nothing else: `settings.load` knows the sources."""
        return (init_settings,)

    def as_values(self) -> dict[str, object]:
        """Return the settings as the values file that would give them (camelCase keys)."""
        return self.model_dump(mode="json", by_alias=True)
