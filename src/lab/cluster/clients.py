"""The client pods of one run: whether they still run, what their clocks show, what they left."""

from collections.abc import Iterator

from long_lived.lab.cluster.pod_logs import PodLogs
from long_lived.lab.cluster.pods import Pod
from long_lived.lab.cluster.release import Job
from long_lived.lab.experiment.outcome import Outcome
from long_lived.lab.logs.client_log import beginning_lost
from long_lived.lab.logs.recovery import recovered
from long_lived.record.summary import Summary
from long_lived.settings import Settings


class ClientPods:
    """Follows the client pods through a run."""

    def __init__(self, logs: PodLogs) -> None:
        """Know of no run yet."""
        self.job: Job | None = None
        """The run; None until it is found."""
        self.pods: dict[str, Pod] = {}
        """Each pod that there has been, as it was seen last."""
        self._logs = logs

    def take(self, job: Job, pods: list[Pod]) -> None:
        """Take in how the run and its pods stand, and follow their logs.

        Raises:
            Trouble: a log cannot be followed.
        """
        self.job = job
        # One that is gone is kept: its log may be here already.
        self.pods |= {pod.name: pod for pod in pods}
        self._logs.follow(pods)

    def running(self) -> list[str]:
        """List the pods that have not ended."""
        return [pod.name for pod in self.pods.values() if not pod.ended]

    def over(self) -> bool:
        """Tell whether all clients have ended, or there is no run."""
        ended = len(self.pods) - len(self.running())
        return self.job is None or self.job.finished or ended >= self.job.clients

    def clock_started_unix_seconds(self) -> float | None:
        """Tell when the last client started its clock, by ours; None while one has not."""
        starts = {pod: tail.log.clock_started_unix_seconds for pod, tail in self._logs.by_pod()}
        known = [at + self._logs.lag_seconds(pod) for pod, at in starts.items() if at is not None]
        return max(known) if self.job is not None and len(known) >= self.job.clients else None

    def summaries(self, settings: Settings, seen: Outcome) -> Iterator[tuple[Summary, float]]:
        """Yield what each pod left, and how far its clock is behind; what is wrong goes to `seen`.

        One after the other: there may be a thousand, of a megabyte each.
        """
        there = {name: pod for name, pod in self.pods.items() if pod.started or pod.ended}
        if len(there) < len(self.pods):
            seen.problems.append(
                f"{len(self.pods) - len(there)} of {len(self.pods)} client pods have not started"
            )
        for name, pod in there.items():
            summary = self._summary_of(pod, settings, seen)
            if summary is not None:
                yield summary, self._logs.lag_seconds(name)

    def missing(self) -> str | None:
        """Say how many pods of the run have never been seen; None where none is missing."""
        wanted = 0 if self.job is None else self.job.clients
        missed = wanted - len(self.pods)
        if missed <= 0:
            return None
        return f"{missed} of {wanted} client pods are gone or never started, and so are their logs"

    def _summary_of(self, pod: Pod, settings: Settings, seen: Outcome) -> Summary | None:
        """Return what a client left, or what its log gives."""
        if pod.exit_status:
            why = f" ({pod.reason})" if pod.reason and pod.reason != "Error" else ""
            seen.problems.append(f"client pod {pod.name} ended with status {pod.exit_status}{why}")
        log = self._logs.final(pod.name)
        if log is not None and log.unread:
            seen.problems.append(f"client pod {pod.name} has {log.unread}")
            return None
        told = log.summary if log else None
        if log is None or told is None:
            why = f"the log of client pod {pod.name} has no summary"
            found = recovered(
                self._logs.lines(pod.name), settings, f"{why}: its lines were counted"
            )
            if found is None:
                seen.problems.append(why)
            return found
        if remark := beginning_lost(pod.name, log, told):
            seen.remarks.append(remark)
        return told
