"""The logs of client pods, followed while they grow and kept as files.

`kubectl logs --follow` also ends when the connection to the cluster is lost: then the log is read
again from its beginning. A log is whole once it has the summary, which is its last line.
"""

import signal
import time
from contextlib import suppress
from pathlib import Path

from long_lived.lab.cluster.pod_access import PodAccess
from long_lived.lab.cluster.pods import Pod
from long_lived.lab.experiment.backend import Trouble
from long_lived.lab.logs.client_log import ClientLog, Tail
from long_lived.lab.processes.child import Child, Processes

MOST_ATTEMPTS = 20
KILL_SECONDS = 5.0


class PodLogs:
    """The logs of one run's client pods, by pod."""

    def __init__(self, access: PodAccess, processes: Processes, folder: Path) -> None:
        """Keep logs in `folder`, in a file for each pod."""
        self._access = access
        self._processes = processes
        self._folder = folder
        self._followers: dict[str, Child] = {}
        self._tails: dict[str, Tail] = {}
        self._attempts: dict[str, int] = {}

    def follow(self, pods: list[Pod]) -> None:
        """Follow the logs of those `pods` that have one, and start again where that was cut off."""
        for pod in pods:
            follower = self._followers.get(pod.name)
            idle = follower is None or follower.status is not None
            if idle and pod.started and not self._whole(pod.name):
                self._follow(pod)

    def read(self) -> None:
        """Take in what has been added."""
        for tail in self._tails.values():
            tail.read()

    def read_to_end(self, longest_seconds: float) -> None:
        """Wait until the logs that are followed have come to their ends."""
        deadline = time.monotonic() + longest_seconds
        while time.monotonic() < deadline:
            if all(child.status is not None for child in self._followers.values()):
                break
            self.read()
            time.sleep(0.1)
        self.read()

    def tails(self) -> list[Tail]:
        """List the logs in the order in which they were found."""
        return list(self._tails.values())

    def by_pod(self) -> list[tuple[str, Tail]]:
        """List the same with the names of their pods."""
        return list(self._tails.items())

    def lag_seconds(self, pod: str) -> float:
        """Tell how far the clock of a client is behind ours.

        A client whose log was not followed while it ran is taken to have the others' time.
        """
        tail = self._tails.get(pod)
        known = tail.clock_lag_seconds if tail else None
        return self.least_lag_seconds() if known is None else known

    def least_lag_seconds(self) -> float:
        """Tell how far the cluster's clocks are behind ours, as if they all agreed."""
        lags = [lag for tail in self.tails() if (lag := tail.clock_lag_seconds) is not None]
        return min(lags, default=0.0)

    def uncertainty_seconds(self) -> float:
        """Tell how far off the least certain of the clocks may be."""
        return max((tail.clock_uncertainty_seconds for tail in self.tails()), default=0.0)

    def final(self, pod: str) -> ClientLog | None:
        """Return the log of a pod that has ended; None where there is none.

        A log without a summary is fetched once more.
        """
        tail = self._tails.get(pod)
        if tail is not None:
            tail.read()
            if tail.log.whole:
                return tail.log
        try:
            text = self._access.log(pod)
        except Trouble:
            return tail.log if tail else None
        if follower := self._followers.get(pod):
            # Started again at the last look, it would write the same lines once more.
            self._processes.stop([follower], signal.SIGKILL, KILL_SECONDS)
        log = ClientLog()
        for line in text.splitlines():
            log.feed(line)
        with suppress(OSError):  # a full disk, a folder that is gone: it is read all the same
            self._file(pod).write_text(text, encoding="utf-8")
        return log

    def lines(self, pod: str) -> list[str]:
        """Return a pod's log as it was kept; a last line without its end is left out."""
        file = self._file(pod)
        if not file.exists():
            return []
        return file.read_text(encoding="utf-8", errors="replace").split("\n")[:-1]

    def close(self) -> None:
        """Stop following."""
        for tail in self._tails.values():
            tail.close()

    def _whole(self, pod: str) -> bool:
        """Tell whether a log that is no longer followed is whole."""
        tail = self._tails.get(pod)
        if tail is None:
            return False
        tail.read()
        return tail.log.whole

    def _follow(self, pod: Pod) -> None:
        name = pod.name
        attempts = self._attempts.get(name, 0)
        if attempts >= MOST_ATTEMPTS:
            return
        self._attempts[name] = attempts + 1
        before = self._tails.get(name)
        if before is not None:
            before.close()
            self._file(name).unlink()
        self._followers[name] = self._processes.start(name, self._access.follow(name))
        self._tails[name] = Tail(self._file(name), live=not pod.ended, before=before)

    def _file(self, pod: str) -> Path:
        return self._folder / f"{pod}.log"
