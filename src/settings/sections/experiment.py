"""The map `experiment`: what the lab reads."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from long_lived.settings.sections.section import Seconds, Section

Expectation = Literal["even", "pinned", "any"]
EventKind = Literal[
    "none", "restart", "rollout", "scale-up", "scale-down", "crash", "kill", "drain"
]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,51}[a-z0-9])?$")]


class Event(Section):
    """What happens to server replicas in the middle of the run; the lab carries it out."""

    kind: EventKind = "none"
    """`restart` stops replicas (SIGTERM) together, and a new one replaces each. `rollout` replaces
    all, a few at a time. `scale-up` adds new ones, `scale-down` stops some for good. `crash` ends
    the process of each with SIGKILL, and it comes back under its name, as a container does.
    `kill` is a `restart` with SIGKILL instead of SIGTERM (on a cluster through `kubectl exec`,
    before the pod is deleted). `drain` is a `restart` of one replica after the other, each with
    the time to finish that server.gracefulTimeoutSeconds gives it."""

    after_seconds: Seconds = 15
    """When it begins, in seconds from the start of the client's clock. Must stay below
    client.durationSeconds."""

    count: Annotated[int, Field(ge=1, le=1000)] = 2
    """How many replicas it stops or adds; the oldest are left alone (on a cluster a `scale-down`
    takes those that the cluster chooses). Ignored by `rollout`."""

    surge: Annotated[int, Field(ge=0, le=1000)] = 1
    """Most replicas above server.replicas during a `rollout`: that many new ones start before old
    ones are stopped."""

    unavailable: Annotated[int, Field(ge=0, le=1000)] = 0
    """Most replicas below server.replicas during a `rollout`: that many old ones are stopped
    before new ones are ready. Not 0 together with surge."""

    replacement_seconds: Annotated[float, Field(ge=0, le=3600)] = 2
    """Time from the stop of a replica to the start of its replacement, or from the decision to add
    one to its start, on one machine, in seconds: what scheduling, container start and readiness
    probe take on a cluster, where this has no effect. Clients that reconnect sooner all go to the
    replicas that are left."""

    service_lag_seconds: Annotated[float, Field(ge=0, le=3600)] = 1
    """Time from the moment at which a new replica is ready until it is sent anything, on one
    machine, in seconds: what EndpointSlice and kube-proxy take on a cluster, where this has no
    effect and the time is measured."""


class Experiment(Section):
    """The experiment: what it is called, what happens in it, and what it should show."""

    name: Name = "default"
    """Name of the scenario, and of the results folder."""

    description: str = ""
    """What the scenario shows, in a sentence."""

    expect: Expectation = "even"
    """The finding that makes the run a success: `even` (the connections are within chance of
    uniform), `pinned` (replicas that came later get far less than their share) or `any`."""

    max_failed_ratio: Annotated[float, Field(ge=0, le=1)] = 0.01
    """Largest share of failed requests, 0 to 1, at which a run still counts as complete. Requests
    that failed because of the event are counted separately."""

    even_within: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Largest deviation of a replica from its fair share, as a ratio of it, that is too small to
    matter: up to there a run is even, although chance does not explain the deviation."""

    event: Event = Event()
