"""The map `experiment`: what the lab reads."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from long_lived.settings.sections.section import Seconds, Section

Expectation = Literal["even", "pinned", "any"]
RestartMode = Literal["together", "rolling"]
RestartSignal = Literal["graceful", "kill"]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,51}[a-z0-9])?$")]


class Restart(Section):
    """A restart of server replicas in the middle of the run, which the lab carries out."""

    after_seconds: Seconds = 0
    """When replicas are restarted, in seconds from the start of the client's clock. Must stay
    below client.durationSeconds. 0 means never."""

    keep: Annotated[int, Field(ge=0, le=1000)] = 1
    """Number of replicas to leave alone, oldest first; fewer than server.replicas."""

    mode: RestartMode = "together"
    """`together` restarts the others all at once, `rolling` one by one, each as soon as the
    replacement of the one before is ready."""

    signal: RestartSignal = "graceful"
    """`graceful` is SIGTERM, then SIGKILL at the end of the grace period; `kill` is SIGKILL at once
    (on a cluster through `kubectl exec`, before the pod is deleted)."""

    replacement_seconds: Annotated[float, Field(ge=0, le=3600)] = 2
    """Time from the stop to the start of a replacement on one machine, in seconds: what scheduling,
    container start and readiness probe take on a cluster, where this has no effect. Clients that
    reconnect sooner all go to the replicas that are left."""


class Experiment(Section):
    """The experiment: what it is called, what happens in it, and what it should show."""

    name: Name = "default"
    """Name of the scenario, and of the results folder."""

    description: str = ""
    """What the scenario shows, in a sentence."""

    expect: Expectation = "even"
    """The finding that makes the run a success: `even` (the connections are within chance of
    uniform), `pinned` (restarted replicas get far less than their share) or `any`."""

    max_failed_ratio: Annotated[float, Field(ge=0, le=1)] = 0.01
    """Largest share of failed requests, 0 to 1, at which a run still counts as complete. Requests
    that failed while replicas were restarting are counted separately."""

    even_within: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Largest deviation of a replica from its fair share, as a ratio of it, that is too small to
    matter: up to there a run is even, although chance does not explain the deviation."""

    restart: Restart = Restart()
