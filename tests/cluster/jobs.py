"""The controller of Jobs: one pod for each index, never a second."""

from datetime import UTC, datetime

from . import events, pods
from .kinds import Object
from .store import Cluster, Refused, timestamp

INDEX_LABEL = "batch.kubernetes.io/job-completion-index"
FAILED, SUCCEEDED = "Failed", "Succeeded"


class Jobs:
    """Makes the pods of all Jobs, and counts how they end. The caller holds the cluster's lock."""

    def __init__(self, cluster: Cluster) -> None:
        """Work on the objects of `cluster`."""
        self._cluster = cluster
        self._made: dict[tuple[str, int], str] = {}
        """The pod (uid) of each index of a Job (uid)."""
        self._outcomes: dict[str, dict[int, str]] = {}
        """How the indexes of a Job (uid) ended: this stays when the pods are gone."""

    def reconcile(self) -> None:
        """Bring each Job one step nearer to its end."""
        for job in self._cluster.all("Job"):
            if not finished(job):
                self._advance(job)
            elif _is_overdue(job):
                self._cluster.delete(job)

    def _advance(self, job: Object) -> None:
        spec, uid = job["spec"], job["metadata"]["uid"]
        outcomes = self._outcomes.setdefault(uid, {})
        mine = {
            pod["metadata"]["uid"]: pod
            for pod in self._cluster.all("Pod", job["metadata"]["namespace"])
            if pods.owned_by(job, pod)
        }
        for index in range(spec["completions"]):
            pod_uid = self._made.get((uid, index))
            if pod_uid and index not in outcomes:
                phase = self._phase(pod_uid, mine)
                if phase in (FAILED, SUCCEEDED):
                    outcomes[index] = phase
        gives_up = "backoffLimitPerIndex" not in spec and FAILED in outcomes.values()
        active = len([key for key in self._made if key[0] == uid and key[1] not in outcomes])
        for index in range(spec["completions"]):
            if (uid, index) not in self._made and active < spec["parallelism"] and not gives_up:
                try:
                    self._made[uid, index] = self._start(job, index)
                except Refused as refused:
                    events.record(self._cluster, job, "FailedCreate", f"Error creating: {refused}")
                    break
                active += 1
        if gives_up:
            for pod in mine.values():
                if not pods.is_over(pod) and not pods.is_leaving(pod):
                    self._cluster.delete(pod)
                    outcomes[int(pod["metadata"]["labels"][INDEX_LABEL])] = FAILED
        self._describe(job, outcomes, mine, gives_up)

    def _start(self, job: Object, index: int) -> str:
        pod = pods.made(
            job,
            job["spec"]["template"],
            f"{job['metadata']['name']}-{index}-",
            {INDEX_LABEL: str(index)},
        )
        pod["metadata"]["annotations"][INDEX_LABEL] = str(index)
        return str(self._cluster.put(pod)["metadata"]["uid"])

    def _phase(self, pod_uid: str, mine: dict[str, Object]) -> str:
        """Return a pod's phase; one that is gone has the phase of its end, or has failed."""
        if pod_uid in mine:
            return str(mine[pod_uid]["status"]["phase"])
        for change in reversed(self._cluster.history):
            if change.object["metadata"]["uid"] == pod_uid:
                return SUCCEEDED if change.object["status"]["phase"] == SUCCEEDED else FAILED
        return FAILED

    def _describe(
        self, job: Object, outcomes: dict[int, str], mine: dict[str, Object], gives_up: bool
    ) -> None:
        failed = [index for index, outcome in outcomes.items() if outcome == FAILED]
        succeeded = [index for index, outcome in outcomes.items() if outcome == SUCCEEDED]
        active = [
            pod for pod in mine.values() if not pods.is_over(pod) and not pods.is_leaving(pod)
        ]
        counts = {
            "active": 0 if gives_up else len(active),
            "ready": sum(map(pods.is_ready, active)),
            "succeeded": len(succeeded),
            "failed": len(failed),
        }
        status: Object = {
            "startTime": job.get("status", {}).get("startTime", timestamp()),
            **{name: count for name, count in counts.items() if count},
            "completedIndexes": _indexes(succeeded),
        }
        if "backoffLimitPerIndex" in job["spec"]:
            status["failedIndexes"] = _indexes(failed)
        if len(succeeded) == job["spec"]["completions"]:
            status["completionTime"] = timestamp()
            status["conditions"] = [pods.condition("Complete", True, "CompletionsReached")]
        elif gives_up:
            status["conditions"] = [pods.condition("Failed", True, "BackoffLimitExceeded")]
        elif len(outcomes) == job["spec"]["completions"]:
            status["conditions"] = [pods.condition("Failed", True, "FailedIndexes")]

        def update(item: Object) -> None:
            item["status"] = status

        self._cluster.change(job, update)


def finished(job: Object) -> str:
    """Return Complete or Failed; empty while the Job runs."""
    for condition in job.get("status", {}).get("conditions", []):
        if condition["status"] == "True" and condition["type"] in ("Complete", "Failed"):
            return str(condition["type"])
    return ""


def _is_overdue(job: Object) -> bool:
    """Tell whether ttlSecondsAfterFinished are over."""
    seconds = job["spec"].get("ttlSecondsAfterFinished")
    if seconds is None:
        return False
    ended = datetime.fromisoformat(job["status"]["conditions"][-1]["lastTransitionTime"])
    return (datetime.now(UTC) - ended).total_seconds() >= seconds


def _indexes(found: list[int]) -> str:
    return ",".join(str(index) for index in sorted(found))
