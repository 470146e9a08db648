"""A release of the chart on a cluster, as kubectl shows it: its newest run and its pods."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from long_lived.lab.cluster.pods import Pod, over, read_pod, unix_seconds
from long_lived.lab.cluster.tools.kubectl import Kubectl
from long_lived.lab.experiment.backend import Trouble

GENERATION = "long-lived/generation"
"""Label that all server pods with the same settings share. Pods from before an upgrade, which may
linger, have another."""

SERVER, CLIENT = "server", "client"
"""The chart's components, and the names of their containers."""


@dataclass(frozen=True)
class Job:
    """A run of the client."""

    name: str
    uid: str
    created_unix_seconds: float
    clients: int
    finished: bool


@dataclass(frozen=True)
class Look:
    """How a run stands."""

    job: Job | None
    """None where it is gone."""
    clients: list[Pod]
    """By name."""
    servers: list[Pod]
    """Oldest first."""


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
            where = f"namespace {self._namespace} ({self._kubectl.cluster})"
            if self._kubectl.items("deployments", self._labels(SERVER)):
                raise Trouble(
                    f"release {self._name} in {where} has no client Job: start one with make "
                    "upgrade SET=client.enabled=true"
                )
            what = f"{self._name} with {self._app}" if self._app else self._name
            raise Trouble(f"release {what} is not in {where}: make install puts it there")
        return max(map(_job, jobs), key=lambda job: job.created_unix_seconds)

    def look(self, name: str, generation: str) -> Look:
        """Return how the Job of that name, its pods and the servers (of a generation) stand.

        Servers that are over, as after an eviction, count as gone.

        One call: three take three times the processor, which the run needs where both are on one
        machine. Pods are listed before the Job: where it has finished, they may not seem to.
        """
        found = self._kubectl.items("pods,jobs", self._labels(SERVER, CLIENT))

        def pods(component: str, label: str) -> list[dict[str, Any]]:
            key, _, value = label.partition("=")
            wanted = {"app.kubernetes.io/component": component} | ({key: value} if key else {})
            return [
                item
                for item in found
                if item["kind"] == "Pod" and wanted.items() <= item["metadata"]["labels"].items()
            ]

        jobs = (item for item in found if item["kind"] == "Job")
        clients = (
            read_pod(item, CLIENT) for item in pods(CLIENT, f"batch.kubernetes.io/job-name={name}")
        )
        return Look(
            next((_job(item) for item in jobs if item["metadata"]["name"] == name), None),
            sorted(clients, key=lambda pod: pod.name),
            _servers(pods(SERVER, generation)),
        )

    def failed_revision(self, job: Job) -> str | None:
        """Return the revision that made a Job, where Helm says that it failed.

        Helm keeps a Secret for each revision, made before the revision's objects. None also where
        they may not be read, and where the release is not Helm's.
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
        """List the server's pods (of a generation), oldest first, but for those that are over."""
        labels = ",".join(filter(None, [self._labels(SERVER), generation]))
        return _servers(self._kubectl.items("pods", labels))

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

    def port(self) -> int:
        """Return the port on which the servers listen.

        Raises:
            Trouble: there are none, or kubectl failed.
        """
        containers = self._deployment()["spec"]["template"]["spec"]["containers"]
        own = next(one for one in containers if one["name"] == SERVER)
        return int(own["ports"][0]["containerPort"])

    def replicas(self) -> int:
        """Return how many pods the servers' Deployment asks for.

        Raises:
            Trouble: there is none, or kubectl failed.
        """
        return int(self._deployment()["spec"]["replicas"])

    def scale(self, replicas: int) -> None:
        """Have another number of server pods.

        Raises:
            Trouble: there are none, or kubectl failed.
        """
        self._kubectl.call("scale", self._deployment_name(), f"--replicas={replicas}")

    def roll_out(self) -> None:
        """Replace all server pods.

        Raises:
            Trouble: there are none, or kubectl failed.
        """
        self._kubectl.call("rollout", "restart", self._deployment_name())

    def values(self, job: Job) -> str:
        """Return the values file that the clients of a run read.

        Raises:
            Trouble: it is not there, or kubectl failed.
        """
        path = r"jsonpath={.data.values\.yaml}"
        return self._kubectl.call("get", "configmap", job.name, "--output", path)

    def delete(self, job: Job) -> None:
        """Delete a run with its pods, which get their grace period, and do not wait for their end.

        Raises:
            Trouble: kubectl failed.
        """
        self._kubectl.call("delete", "job", job.name, "--wait=false")

    def _deployment_name(self) -> str:
        return f"deployment/{self._deployment()['metadata']['name']}"

    def _deployment(self) -> dict[str, Any]:
        for item in self._kubectl.items("deployments", self._labels(SERVER)):
            containers = item["spec"]["template"]["spec"]["containers"]
            if any(one["name"] == SERVER for one in containers):
                return item
        raise Trouble(f"release {self._name} in namespace {self._namespace} has no servers")

    def _labels(self, *components: str) -> str:
        """Select components of this chart: others in the release may have one of the same name.

        Raises:
            Trouble: the chart is in the release more than once.
        """
        of_release = f"app.kubernetes.io/instance={self._name}"
        of_components = f"{of_release},app.kubernetes.io/component in ({','.join(components)})"
        if not self._app:
            self._app = self._only_app(f"{of_release},app.kubernetes.io/component={SERVER}")
        return f"app.kubernetes.io/name={self._app},{of_components}" if self._app else of_components

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


def _servers(items: Iterable[dict[str, Any]]) -> list[Pod]:
    pods = (read_pod(item, SERVER) for item in items if not over(item))
    return sorted(pods, key=lambda pod: (pod.created_unix_seconds, pod.name))


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
