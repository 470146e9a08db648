"""The server pods of one run: who serves, who took whose place, and who restarted in place."""

from collections.abc import Sequence
from dataclasses import dataclass

from long_lived.lab.analysis.events.change import Change
from long_lived.lab.cluster.kubernetes_events import KubernetesEvents
from long_lived.lab.cluster.pods import PLAIN, Ending, Pod, names

WHOLE_SECOND = 1.0
"""The cluster writes times in whole seconds, cut off."""


@dataclass
class InPlace:
    """One restart of a container in its pod; times by the cluster's clock."""

    pod: str
    uid: str
    ending: Ending
    restart: int = 0
    reason: str = ""
    ready_unix_seconds: float | None = None

    @property
    def why(self) -> str:
        """Why it ended, and how often it has."""
        ended = str(self.ending)
        reason = ended if self.reason in ended else f"{self.reason}, {ended}"
        return f"{reason}, restart {self.restart}"

    def as_change(self, lag_seconds: float) -> Change:
        """Return it by a clock that is `lag_seconds` ahead of the cluster's."""
        ended, ready = self.ending.unix_seconds + lag_seconds, self.ready_unix_seconds
        return Change(
            began_unix_seconds=ended,
            old=self.pod,
            ended_unix_seconds=ended,
            new=self.pod,
            ready_unix_seconds=None if ready is None else ready + lag_seconds,
            reason=self.why,
        )


class ServerPods:
    """Follows the server pods through a run."""

    def __init__(self, events: KubernetesEvents) -> None:
        """Know of no pod yet; `events` tell why a container was ended."""
        self._events = events
        self._in_place: dict[tuple[str, float], InPlace] = {}
        self.seen: list[Pod] = []
        """The pods at the last look, oldest first."""
        self.replicas: list[str] = []
        """Names of those that served, in the order of their start."""
        self.changes: list[Change] = []
        """What the lab did, by its clock; restarts in place by others are found in the pods."""
        self._crashed: dict[str, int] = {}
        """Of each pod whose server the lab killed: how often it had restarted before."""

    def staying(self) -> list[Pod]:
        """List the pods that are not being deleted, oldest first."""
        return [pod for pod in self.seen if not pod.leaving]

    def serving(self) -> list[str]:
        """List the pods that serve, oldest first."""
        return names(pod for pod in self.staying() if pod.ready_unix_seconds is not None)

    def stop(self, pods: Sequence[str], now: float) -> None:
        """Note that pods are being deleted."""
        self.changes += [Change(now, old=name) for name in pods]

    def expect(self, *, coming: int, going: int, now: float) -> None:
        """Note that the Deployment will make pods, and take others away for good."""
        self.changes += [Change(now, for_good=True) for _ in range(going)]
        self.changes += [Change(now) for _ in range(coming)]

    def crash(self, pods: Sequence[str], now: float) -> None:
        """Note that the servers in pods are being killed, and come back in them."""
        self._crashed |= {pod.name: pod.restarts for pod in self.seen if pod.name in pods}
        self.changes += [Change(now, name, now, name) for name in pods]

    def settled(self) -> bool:
        """Tell whether all that the lab did is over."""
        return all(one.over_unix_seconds is not None for one in self.changes)

    def take(self, pods: list[Pod], now: float, *, begun: bool) -> None:
        """Take in how the pods stand; until the run has `begun` they are all its first replicas."""
        self.seen = pods
        self._note_endings()
        staying = self.staying()
        if not begun:
            self.replicas = names(staying)
            return
        for pod in staying:
            if pod.name in self.replicas:
                continue
            self.replicas.append(pod.name)
            free = next((one for one in self.changes if not (one.new or one.for_good)), None)
            if free:
                free.new = pod.name
        known = {one.old for one in self.changes}
        for name in self.replicas:
            free = next((one for one in self.changes if one.for_good and not one.old), None)
            if free and name not in known and name not in names(staying):
                free.old, free.began_unix_seconds = name, now
        present = set(names(pods))
        # A pod may still be called ready when its container has ended.
        ready = set(self.serving()) - {
            pod.name for pod in staying if self._crashed.get(pod.name, -1) == pod.restarts
        }
        for one in self.changes:
            if one.ended_unix_seconds is None and one.old and one.old not in present:
                one.ended_unix_seconds = now
            if one.ready_unix_seconds is None and one.new in ready:
                one.ready_unix_seconds = now

    def created(self, first: float, last: float) -> list[Pod]:
        """List the pods that were made between two moments of the cluster's clock."""
        return [pod for pod in self.staying() if first < pod.created_unix_seconds < last]

    def restarted_in_place(self, first: float, last: float) -> list[InPlace]:
        """List the restarts in place between two moments of the cluster's clock, in their order.

        Where the pod does not say why, kubectl is asked.
        """
        found = [
            one
            for one in self._in_place.values()
            if first < one.ending.unix_seconds + WHOLE_SECOND and one.ending.unix_seconds < last
        ]
        for one in found:
            one.reason = self._reason(one)
        return sorted(found, key=lambda one: (one.ending.unix_seconds, one.pod))

    def _note_endings(self) -> None:
        stopped = {one.old for one in self.changes}
        for pod in self.staying():
            ending = pod.last_ending
            if ending is None or pod.name in stopped:
                continue
            key = pod.name, ending.unix_seconds
            if key not in self._in_place:
                self._in_place[key] = InPlace(pod.name, pod.uid, ending)
            one = self._in_place[key]
            one.restart = pod.restarts  # counted when it starts again, which may be later
            if one.ready_unix_seconds is None and pod.ready_unix_seconds is not None:
                # Where it came back before the cluster had noticed, it was ready all the time.
                one.ready_unix_seconds = max(pod.ready_unix_seconds, ending.unix_seconds)

    def _reason(self, one: InPlace) -> str:
        ending = one.ending
        if ending.reason not in PLAIN:
            return ending.reason
        if probe := self._events.failed_probe(one.uid, ending.unix_seconds):
            return f"{probe} probe failed"
        return f"{ending.reason or 'exit'} {ending.exit_status}"
