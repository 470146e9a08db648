"""What the lab does to the server pods in the middle of a run, and what the user has to know of it.

Pods are deleted, and servers in them killed; the Deployment is scaled or rolled out, and scaled
back at the end: it is the user's, and the next run shall find it as the chart made it.
"""

import time
from collections.abc import Callable, Sequence

from long_lived.lab.cluster.pod_access import PodAccess
from long_lived.lab.cluster.release import Release
from long_lived.lab.cluster.servers.server_pods import ServerPods
from long_lived.lab.experiment.backend import Signal, Trouble


class Turnover:
    """Acts on the servers of a release, and notes in `pods` what is to be expected of them."""

    def __init__(self, release: Release, access: PodAccess, pods: ServerPods) -> None:
        """Act on nothing yet."""
        self._release = release
        self._access = access
        self._pods = pods
        self._scaled_from: int | None = None
        self.problems: list[str] = []
        self.remarks: list[str] = []

    def restart(self, pods: Sequence[str], how: Signal) -> None:
        """Delete pods; the cluster replaces them."""
        self._pods.stop(pods, time.time())

        def act() -> None:
            if how == "kill":
                self.remarks += self._access.kill(pods, self._release.port())
            else:
                self._access.delete(pods)

        self._try("restart", act)

    def crash(self, pods: Sequence[str]) -> None:
        """Kill the servers in pods; the kubelet starts them again in place."""
        self._pods.crash(pods, time.time())

        def act() -> None:
            failed = self._access.crash(pods, self._release.port())
            self.problems += [f"the crash failed: {why}" for why in failed]

        self._try("crash", act)

    def scale(self, more: int) -> None:
        """Have so many pods more, or fewer where `more` is negative."""
        self._pods.expect(coming=max(0, more), going=max(0, -more), now=time.time())

        def act() -> None:
            before = self._release.replicas()
            self._release.scale(before + more)
            self._scaled_from = before
            self.remarks.append(
                f"the lab scaled the Deployment from {before} to {before + more} (kubectl scale), "
                "and back at the end of the run. A helm upgrade to another server.replicas "
                "conflicts with that from now on: --force-conflicts takes it over (Helm 4)"
            )

        self._try("scaling", act)

    def roll_out(self) -> None:
        """Replace all pods, as the Deployment's strategy says."""
        number = len(self._pods.serving())
        self._pods.expect(coming=number, going=number, now=time.time())
        self._try("rollout", self._release.roll_out)

    def undo(self) -> None:
        """Scale back, where the lab has scaled."""
        if self._scaled_from is None:
            return
        before, self._scaled_from = self._scaled_from, None
        try:
            self._release.scale(before)
        except Trouble as trouble:
            self.remarks.append(f"the Deployment could not be scaled back to {before}: {trouble}")

    def _try(self, what: str, act: Callable[[], None]) -> None:
        try:
            act()
        except Trouble as trouble:
            self.problems.append(f"the {what} failed: {trouble}")
