"""A release of the chart on a cluster, as kubectl shows it: its newest run and its pods."""

import json
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from long_lived.lab.cluster.kill import KILLED, kill_command
from long_lived.lab.cluster.pods import Pod, read_pod, unix_seconds
from long_lived.lab.cluster.tools import Kubectl
from long_lived.lab.experiment.backend import Trouble
from long_lived.record.replica_counts import ReplicaCounts

GENERATION = "long-lived/generation"
"""Label that all server pods with the same settings share: after an upgrade those of before, which
may be there for a while, have another."""

SERVER, CLIENT = "server", "client"
"""The chart's components, and the names of their containers."""

AT_ONCE = 16
"""How many kubectls work at a time, where each is for one pod."""

STATS_TIMEOUT = "5s"
"""How long the API server may take to fetch one pod's counts."""

_PROBE = re.compile(r"failed (\w+) probe")
"""Source: kubernetes pkg/kubelet/kuberuntime/kuberuntime_manager.go, "Container %s failed liveness
probe, will be restarted" and "Container %s failed startup probe"."""


@dataclass(frozen=True)
class Job:
    """A run of the client."""

    name: str
    uid: str
    created_unix_seconds: float
    clients: int
    finished: bool


class Release:
    """What kubectl shows of a release."""

    def __init__(self, kubectl: Kubectl, name: str, namespace: str, app: str = "") -> None:
        """Look at release `name`, or at `app` in it; without `app` there must be one alone."""
        self._kubectl = kubectl
        self._app = app
        self._name = name
        self._namespace = namespace

    def newest_job(self) -> Job:
        """Return the newest client Job.

        Raises:
            Trouble: there is none, or kubectl failed.
        """
        jobs = self._kubectl.items("jobs", self._labels(CLIENT))
        if not jobs:
            where = f"namespace {self._namespace} (context {self._kubectl.context})"
            if self._kubectl.items("deployments", self._labels(SERVER)):
                raise Trouble(
                    f"release {self._name} in {where} has no client Job: start one with make "
                    "upgrade SET=client.enabled=true"
                )
            what = f"{self._name} with {self._app}" if self._app else self._name
            raise Trouble(f"release {what} is not in {where}: make install puts it there")
        return max(map(_job, jobs), key=lambda job: job.created_unix_seconds)

    def job(self, name: str) -> Job | None:
        """Return the client Job of that name; None where it is gone."""
        jobs = self._kubectl.items("jobs", self._labels(CLIENT))
        return next((_job(item) for item in jobs if item["metadata"]["name"] == name), None)

    def failed_revision(self, job: Job) -> str | None:
        """Return the revision that made a Job, where Helm says that it failed.

        Helm keeps a Secret for each revision, made before the revision's objects are. None, too,
        where they may not be read and where the release is not Helm's.
        """
        wanted = ("creationTimestamp", "labels.version", "labels.status")
        fields = "{' '}".join(f"{{.metadata.{name}}}" for name in wanted)
        path = f"jsonpath={{range .items[*]}}{fields}{{'\\n'}}{{end}}"
        owned = f"owner=helm,name={self._name}"
        try:
            listed = self._kubectl.call("get", "secrets", "--selector", owned, "--output", path)
        except Trouble:
            return None
        made = sorted(
            (unix_seconds(told[0]), int(told[1]), told[2])
            for line in listed.splitlines()
            if len(told := line.split()) == 3
        )
        before = [one for one in made if one[0] <= job.created_unix_seconds]
        _, version, status = before[-1] if before else (0, 0, "")
        return str(version) if status == "failed" else None

    def client_pods(self, job: Job) -> list[Pod]:
        """List the pods of a run, by name."""
        found = self._pods(f"batch.kubernetes.io/job-name={job.name}", CLIENT)
        return sorted(found, key=lambda pod: pod.name)

    def generation(self) -> str:
        """Return the label of the server pods that the Service leads to; empty where none is.

        Raises:
            Trouble: kubectl failed.
        """
        for item in self._kubectl.items("deployments", self._labels(SERVER)):
            if generation := _generation(item):
                return f"{GENERATION}={generation}"
        return ""

    def server_pods(self, generation: str = "") -> list[Pod]:
        """List the server's pods (of a generation), oldest first."""
        labels = ",".join(filter(None, [self._labels(SERVER), generation]))
        found = self._pods(labels, SERVER)
        return sorted(found, key=lambda pod: (pod.created_unix_seconds, pod.name))

    def servers_refused(self) -> str:
        """Say why the cluster makes no more server pods; empty where it does.

        Source: kubernetes pkg/controller/replicaset, condition ReplicaFailure, which
        pkg/controller/deployment copies to the Deployment.

        Raises:
            Trouble: kubectl failed.
        """
        for item in self._kubectl.items("deployments", self._labels(SERVER)):
            for condition in item.get("status", {}).get("conditions") or []:
                if condition["type"] == "ReplicaFailure" and condition["status"] == "True":
                    return f"{condition['reason']}: {condition['message']}"
        return ""

    def clients_refused(self, job: Job) -> str:
        """Say why the cluster makes no more client pods; empty where it does.

        A Job has no condition for that. Source: kubernetes pkg/controller/controller_utils.go,
        event FailedCreate, "Error creating: …".
        """
        return self.newest_event(job.uid, "reason=FailedCreate")

    def newest_event(self, uid: str, which: str) -> str:
        """Return reason and message of the newest event of an object that is `which`, a selector.

        Empty where there is none.
        """
        events = self._events(uid, which)
        if not events:
            return ""
        newest = max(events, key=_last_seen)
        return f"{newest['reason']}: {' '.join(newest['message'].split())}"

    def failed_probe(self, uid: str, ended_unix_seconds: float) -> str:
        """Name the probe for which a pod's container was ended then; empty where none failed."""
        events = self._events(uid, "reason=Killing")
        # The order to end it comes before the end, by a grace period at most.
        before = [one for one in events if _last_seen(one) <= ended_unix_seconds + 1]
        newest = max(before, key=_last_seen, default=None)
        found = _PROBE.search(newest["message"]) if newest else None
        return found[1] if found else ""

    def port(self) -> int:
        """Return the port on which the servers listen.

        Raises:
            Trouble: there are none, or kubectl failed.
        """
        for item in self._kubectl.items("deployments", self._labels(SERVER)):
            for container in item["spec"]["template"]["spec"]["containers"]:
                if container["name"] == SERVER:
                    return int(container["ports"][0]["containerPort"])
        raise Trouble(f"release {self._name} in namespace {self._namespace} has no servers")

    def values(self, job: Job) -> str:
        """Return the values file that the clients of a run read.

        Raises:
            Trouble: it is not there, or kubectl failed.
        """
        path = r"jsonpath={.data.values\.yaml}"
        return self._kubectl.call("get", "configmap", job.name, "--output", path)

    def delete(self, pods: Sequence[str]) -> None:
        """Delete pods, which get their grace period, and do not wait for their end."""
        self._kubectl.call("delete", "pod", *pods, "--wait=false")

    def kill(self, pods: Sequence[str], port: int) -> list[str]:
        """Kill the servers in pods, and delete the pods; return of which servers that failed, why.

        Deleted they are in any case: without a kill that is SIGTERM and two seconds.

        Raises:
            Trouble: the deletion failed.
        """
        with ThreadPoolExecutor(AT_ONCE) as killers:
            said = list(killers.map(lambda pod: self._kill(pod, port), pods))
        forced = ("--grace-period=0", "--force")
        self._kubectl.call("delete", "pod", *pods, "--wait=false", *forced)
        return [text for text in said if text]

    def counts(self, pods: Sequence[str], port: int) -> dict[str, ReplicaCounts]:
        """Return what the servers in pods say of themselves (GET /stats), by pod.

        The API server fetches it, so that nothing has to reach the pods' network from here.

        Raises:
            Trouble: one of them is not to be had.
        """
        with ThreadPoolExecutor(AT_ONCE) as askers:
            return dict(
                zip(pods, askers.map(lambda pod: self._stats(pod, port), pods), strict=True)
            )

    def log(self, pod: str) -> str:
        """Return what is left of a client pod's log."""
        return self._kubectl.call("logs", pod, "--container", CLIENT)

    def follow(self, pod: str) -> list[str]:
        """Return the command that prints a client pod's log until its container ends."""
        return self._kubectl.command("logs", "--follow", pod, "--container", CLIENT)

    def _kill(self, pod: str, port: int) -> str:
        command = kill_command(port)
        try:
            self._kubectl.call("exec", pod, "--container", SERVER, "--", *command)
        except Trouble as trouble:
            return "" if KILLED in str(trouble) else f"{pod}: {trouble}"
        return f"{pod}: the server is still there"

    def _stats(self, pod: str, port: int) -> ReplicaCounts:
        path = f"/api/v1/namespaces/{self._namespace}/pods/{pod}:{port}/proxy/stats"
        answer = self._kubectl.call("get", "--raw", path, f"--request-timeout={STATS_TIMEOUT}")
        try:
            return ReplicaCounts.model_validate_json(answer)
        except ValueError:
            raise Trouble(f"{path} does not say what a server has counted") from None

    def _labels(self, component: str) -> str:
        """Select what is of a component; other charts of the release may have one of that name.

        Raises:
            Trouble: the chart is in the release more than once.
        """
        of_release = f"app.kubernetes.io/instance={self._name}"
        of_component = f"{of_release},app.kubernetes.io/component={component}"
        if not self._app:
            self._app = self._only_app(f"{of_release},app.kubernetes.io/component={SERVER}")
        return f"app.kubernetes.io/name={self._app},{of_component}" if self._app else of_component

    def _only_app(self, labels: str) -> str:
        """Return the name under which the chart is in the release; empty where it is not yet."""
        apps = {
            item["metadata"]["labels"]["app.kubernetes.io/name"]
            for item in self._kubectl.items("deployments", labels)
            if _generation(item)
        }
        if len(apps) > 1:
            raise Trouble(
                f"release {self._name} in namespace {self._namespace} holds "
                f"{', '.join(sorted(apps))}: choose one with --app (APP=)"
            )
        return next(iter(apps), "")

    def _pods(self, labels: str, container: str) -> list[Pod]:
        return [read_pod(item, container) for item in self._kubectl.items("pods", labels)]

    def _events(self, uid: str, which: str) -> list[dict[str, Any]]:
        """List the events of an object; none where they may not be read: they only explain."""
        fields = f"involvedObject.uid={uid},{which}"
        command = ("get", "events", "--field-selector", fields, "--output", "json")
        try:
            return list(json.loads(self._kubectl.call(*command))["items"])
        except Trouble:
            return []


def _generation(deployment: dict[str, Any]) -> str:
    """Return the generation of a Deployment's pods; empty for one that is not the chart's."""
    labels: dict[str, str] = deployment["spec"]["template"]["metadata"].get("labels") or {}
    return labels.get(GENERATION, "")


def _job(item: dict[str, Any]) -> Job:
    conditions = item.get("status", {}).get("conditions") or []
    return Job(
        item["metadata"]["name"],
        item["metadata"]["uid"],
        unix_seconds(item["metadata"]["creationTimestamp"]),
        item["spec"].get("completions", 1),
        any(
            condition["type"] in ("Complete", "Failed") and condition["status"] == "True"
            for condition in conditions
        ),
    )


def _last_seen(event: dict[str, Any]) -> float:
    """Tell when an event happened last: the recorders of before and of now keep it differently."""
    series = event.get("series") or {}
    known = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"))
    return unix_seconds(next(filter(None, known), event["metadata"]["creationTimestamp"]))
