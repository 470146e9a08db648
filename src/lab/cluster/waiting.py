"""Why a run does not begin: which obstacle its pods have met, and when to give up."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from long_lived.lab.cluster.kubernetes_events import KubernetesEvents
from long_lived.lab.cluster.pods import Pod
from long_lived.lab.cluster.release import Job, Release

STUCK_SECONDS = 60.0
"""How long to wait even if waiting does not seem to help: an image may be pushed a bit late."""

SLOW_SECONDS = 10.0
"""Age at which a pod whose status gives no reason is looked up in the events."""

REFUSED = "reason=FailedCreate"
"""The event of a Job for which the cluster makes no pods: it has no condition for that. Source:
kubernetes pkg/controller/controller_utils.go, "Error creating: …"."""


@dataclass(frozen=True)
class Obstacle:
    """What keeps one pod, or all of them, from running."""

    text: str
    stuck: bool
    """Whether waiting does not help."""


class Waiting:
    """Watches the pods of a run until all are there."""

    def __init__(
        self, release: Release, events: KubernetesEvents, now: Callable[[], float] = time.time
    ) -> None:
        """Look at `release` and the `events` of its objects; `now` is the wall clock."""
        self._release = release
        self._events = events
        self._now = now
        self._since: float | None = None
        self._stuck_since: float | None = None
        self.note = ""
        """What is waited for, and why it does not come; empty once everything is there."""
        self.reason = ""
        """Why something does not come, where the cluster says so."""

    def look(
        self, job: Job, clients: Sequence[Pod], servers: Sequence[Pod], replicas: int | None
    ) -> None:
        """Find out what is missing; where something is, that takes another call of kubectl or two.

        Where `replicas` is None, their number is an autoscaler's: all that have been made are
        awaited, and one at least.

        Raises:
            Trouble: kubectl failed.
        """
        replicas = max(1, len(servers)) if replicas is None else replicas
        ready = sum(pod.ready_unix_seconds is not None for pod in servers)
        started = sum(pod.started or pod.ended for pod in clients)
        # A server in a crash loop runs now and then: the wait ends only when everything is there.
        if ready >= replicas and started >= job.clients:
            self.note = self.reason = ""
            self._since = self._stuck_since = None
            return
        now = self._now()
        self._since = self._since or now
        found = self._obstacle(job, clients, servers, replicas)
        if found and found.stuck:
            self._stuck_since = self._stuck_since or now
        self.reason = found.text if found else ""
        self.note = self.reason or (
            f"waiting for pods: {ready} of {replicas} servers are ready, {started} of "
            f"{job.clients} clients have started"
        )

    def given_up(self, most_seconds: float) -> str | None:
        """Say what never came; None while there is hope.

        `most_seconds` is the longest wait where waiting may help.
        """
        now = self._now()
        over = self._since is not None and now - self._since > most_seconds
        bound = min(STUCK_SECONDS, most_seconds)
        stuck = self._stuck_since is not None and now - self._stuck_since > bound
        if not over and not stuck:
            return None
        return f"the run did not begin within {now - (self._since or now):.0f} s: {self.note}"

    def _obstacle(
        self, job: Job, clients: Sequence[Pod], servers: Sequence[Pod], replicas: int
    ) -> Obstacle | None:
        """Return the first reason there is: of the pods, then of the controllers, then an event.

        Servers come first: clients that have started wait for them.
        """
        waiting = [(f"server pod {pod.name}", pod) for pod in servers if not _ready(pod)]
        waiting += [(f"client pod {pod.name}", pod) for pod in clients if not pod.started]
        for who, pod in waiting:
            if pod.obstacle:
                return Obstacle(f"{who}: {pod.obstacle}", pod.stuck)
        if len(servers) < replicas and (why := self._release.servers_refused()):
            return Obstacle(f"server pods are refused: {why}", stuck=False)
        if len(clients) < job.clients and (why := self._events.newest(job.uid, REFUSED)):
            return Obstacle(f"client pods are refused: {why}", stuck=False)
        for who, pod in waiting:
            if self._now() - pod.created_unix_seconds > SLOW_SECONDS:
                why = self._events.newest(pod.uid, "type=Warning")
                return Obstacle(f"{who}: {why}", stuck=False) if why else None
        return None


def _ready(pod: Pod) -> bool:
    return pod.ready_unix_seconds is not None
