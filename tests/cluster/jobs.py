"""The controller of Jobs: one pod for each index, never a second."""

from . import pods
from .kinds import Object
from .store import Cluster

INDEX_LABEL = "batch.kubernetes.io/job-completion-index"
FAILED, SUCCEEDED = "Failed", "Succeeded"


class Jobs:
    """Makes the pods of all Jobs, and counts how they end. The caller holds the cluster's lock."""

    def __init__(self, cluster: Cluster) -> None:
        """Work on the objects of `cluster`."""
        self._cluster = cluster
        self._made: dict[tuple[str, int], Object] = {}
        """The last known pod of each index of a Job (by uid), even once it is gone."""

    def reconcile(self) -> None:
        """Bring each Job one step closer to its end."""
        for job in self._cluster.all("Job"):
            if not finished(job):
                self._advance(job)

    def _advance(self, job: Object) -> None:
        spec, uid = job["spec"], job["metadata"]["uid"]
        now = {pod["metadata"]["uid"]: pod for pod in self._cluster.all("Pod")}
        phases = []
        for index in range(spec["completions"]):
            if last := self._made.get((uid, index)):
                found = now.get(last["metadata"]["uid"])
                self._made[uid, index] = last = found or last
                phase = last["status"]["phase"]
                phases.append(phase if found or phase == SUCCEEDED else FAILED)
        running = len(phases) - phases.count(FAILED) - phases.count(SUCCEEDED)
        wanted = min(spec["completions"] - len(phases), spec["parallelism"] - running)
        for index in range(len(phases), len(phases) + wanted):
            self._made[uid, index] = self._start(job, index)
        ended = phases.count(FAILED) + phases.count(SUCCEEDED) == spec["completions"]
        if ended:
            self._describe(job, FAILED if FAILED in phases else "Complete")

    def _start(self, job: Object, index: int) -> Object:
        base = f"{job['metadata']['name']}-{index}-"
        pod = pods.made(job, job["spec"]["template"], base, {INDEX_LABEL: str(index)})
        pod["metadata"]["annotations"][INDEX_LABEL] = str(index)
        return self._cluster.put(pod)

    def _describe(self, job: Object, end: str) -> None:
        self._cluster.change(
            job, lambda item: item.update(status={"conditions": [pods.condition(end, True)]})
        )


def finished(job: Object) -> str:
    """Return Complete or Failed, or an empty text while the Job runs."""
    conditions = job.get("status", {}).get("conditions", [])
    return str(conditions[0]["type"]) if conditions else ""
