"""Why a run does not begin: what holds its pods up, and when to give up."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from long_lived.lab.cluster.pods import Pod
from long_lived.lab.cluster.release import Job, Release

STUCK_SECONDS = 60.0
"""How long to wait where time alone does not help: an image may be pushed a moment late."""

SLOW_SECONDS = 10.0
"""Age of a pod from which its events are asked why it does not run, where its status is silent."""


@dataclass(frozen=True)
class Holdup:
    """What keeps one pod, or all of them, from running."""

    text: str
    stuck: bool
    """Whether time alone does not mend it."""


class Waiting:
    """Watches the pods of a run until all are there."""

    def __init__(self, release: Release, now: Callable[[], float] = time.time) -> None:
        """Look at `release`; `now` is the wall clock."""
        self._release = release
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
        """Find out what is missing; asks kubectl once or twice more where something is.

        Without a number of `replicas`, which is then an autoscaler's, one is awaited, and all that
        have been made.

        Raises:
            Trouble: kubectl failed.
        """
        replicas = max(1, len(servers)) if replicas is None else replicas
        ready = sum(pod.ready_unix_seconds is not None for pod in servers)
        started = sum(pod.started or pod.ended for pod in clients)
        # One that crashes again and again is well in between: only the whole ends the wait.
        if ready >= replicas and started >= job.clients:
            self.note = self.reason = ""
            self._since = self._stuck_since = None
            return
        now = self._now()
        self._since = self._since or now
        found = self._holdup(job, clients, servers, replicas)
        if found and found.stuck:
            self._stuck_since = self._stuck_since or now
        self.reason = found.text if found else ""
        self.note = self.reason or (
            f"waiting for pods: {ready} of {replicas} servers are ready, {started} of "
            f"{job.clients} clients have started"
        )

    def given_up(self, most_seconds: float) -> str | None:
        """Say what was waited for in vain; None while there is hope.

        `most_seconds` is the longest wait where things may yet mend themselves.
        """
        now = self._now()
        over = self._since is not None and now - self._since > most_seconds
        bound = min(STUCK_SECONDS, most_seconds)
        stuck = self._stuck_since is not None and now - self._stuck_since > bound
        if not over and not stuck:
            return None
        return f"the run did not begin within {now - (self._since or now):.0f} s: {self.note}"

    def _holdup(
        self, job: Job, clients: Sequence[Pod], servers: Sequence[Pod], replicas: int
    ) -> Holdup | None:
        """Return the first reason there is: of the pods, then of the controllers, then an event.

        Servers come first: clients that have started wait for them.
        """
        waiting = [(f"server pod {pod.name}", pod) for pod in servers if not _ready(pod)]
        waiting += [(f"client pod {pod.name}", pod) for pod in clients if not pod.started]
        for who, pod in waiting:
            if pod.holdup:
                return Holdup(f"{who}: {pod.holdup}", pod.stuck)
        if len(servers) < replicas and (why := self._release.servers_refused()):
            return Holdup(f"server pods are refused: {why}", stuck=False)
        if len(clients) < job.clients and (why := self._release.clients_refused(job)):
            return Holdup(f"client pods are refused: {why}", stuck=False)
        for who, pod in waiting:
            if self._now() - pod.created_unix_seconds > SLOW_SECONDS:
                why = self._release.newest_event(pod.uid, "type=Warning")
                return Holdup(f"{who}: {why}", stuck=False) if why else None
        return None


def _ready(pod: Pod) -> bool:
    return pod.ready_unix_seconds is not None
