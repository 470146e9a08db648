"""What one pod did for a client, start by start of its server."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from long_lived.record.histogram import COARSE, Histogram
from long_lived.record.lines import Part, Parts

MOST_STARTS = 50
"""Starts that are told apart for one pod; more would be a server that invents them."""


@dataclass(slots=True)
class Start:
    """One start of a pod's server, by its answers; times in seconds of the client's clock."""

    started_seconds: float
    """When it started, which may be before the clock did: then it is negative."""
    opened_seconds: float
    """When the first of its connections was opened."""
    answered_seconds: float
    """When it answered last."""
    requests: int = 0


@dataclass(slots=True)
class PodCount:
    """What one pod did for this client."""

    requests: int = 0
    opened: int = 0
    closed: int = 0
    failed: int = 0
    oldest_seconds: float = 0.0
    starts: dict[str, Start] = field(default_factory=dict)
    overhead: Histogram = field(default_factory=lambda: Histogram(COARSE))

    def note_start(
        self, instance: str, uptime_seconds: float | None, opened_seconds: float, now: float
    ) -> None:
        """Note which start gave an answer that came `now`; nothing where the server does not say.

        Args:
            instance: the start.
            uptime_seconds: how long it has been running, by the server.
            opened_seconds: when the answer's connection was opened.
            now: by the client's clock.
        """
        if uptime_seconds is None:
            return
        # The answer was on its way for a moment, so the earliest of these is the nearest.
        started = now - uptime_seconds
        start = self.starts.get(instance)
        if start is None:
            if len(self.starts) == MOST_STARTS:
                return
            start = self.starts[instance] = Start(started, opened_seconds, now)
        start.started_seconds = min(start.started_seconds, started)
        start.opened_seconds = min(start.opened_seconds, opened_seconds)
        start.answered_seconds = max(start.answered_seconds, now)
        start.requests += 1


def parts(pods: Mapping[str, PodCount], open_connections: int) -> Parts:
    """Say what each pod has had so far, where the client has so many connections open."""
    known = tuple(
        Part(name, pod.requests, pod.failed, pod.opened - pod.closed) for name, pod in pods.items()
    )
    # A connection may have been closed since they were counted.
    return Parts(max(0, open_connections - sum(one.held for one in known)), known)
