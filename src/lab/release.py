"""A release of the chart on a cluster, as kubectl shows it: its newest run and its pods."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from long_lived.lab.backend import Trouble
from long_lived.lab.tools import Kubectl

STUCK = frozenset(
    {
        "CrashLoopBackOff",
        "CreateContainerConfigError",
        "CreateContainerError",
        "ErrImageNeverPull",
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "RunContainerError",
    }
)
"""Reasons of a waiting container that time alone does not mend. Source: kubernetes
pkg/kubelet/images/types.go and pkg/kubelet/kuberuntime."""

GENERATION = "long-lived/generation"
"""Label that all server pods with the same settings share: after an upgrade those of before, which
may be there for a while, have another."""


@dataclass(frozen=True)
class Pod:
    """One pod at one moment."""

    name: str
    created_unix_seconds: float
    leaving: bool
    """Whether it is being deleted."""
    ready_unix_seconds: float | None
    """Since when it has been ready; None where it is not."""
    started: bool
    """Whether its container runs or has run: whether there is a log."""
    exit_status: int | None
    """None while it has not ended."""
    reason: str
    """Why it waits or ended, in the cluster's words; empty where there is nothing to say."""

    @property
    def ended(self) -> bool:
        """Whether its container has ended, or never will begin."""
        return self.exit_status is not None


@dataclass(frozen=True)
class Job:
    """A run of the client."""

    name: str
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
        jobs = self._kubectl.items("jobs", self._labels("client"))
        if not jobs:
            where = f"namespace {self._namespace} (context {self._kubectl.context})"
            if self._kubectl.items("deployments", self._labels("server")):
                raise Trouble(
                    f"release {self._name} in {where} has no client Job: start one with make "
                    "upgrade SET=client.enabled=true"
                )
            what = f"{self._name} with {self._app}" if self._app else self._name
            raise Trouble(f"release {what} is not in {where}: make install puts it there")
        newest = max(jobs, key=lambda job: _seconds(job["metadata"]["creationTimestamp"]))
        return _job(newest)

    def job(self, name: str) -> Job | None:
        """Return the client Job of that name; None where it is gone."""
        jobs = self._kubectl.items("jobs", self._labels("client"))
        return next((_job(item) for item in jobs if item["metadata"]["name"] == name), None)

    def client_pods(self, job: Job) -> list[Pod]:
        """List the pods of a run, by name."""
        labels = f"batch.kubernetes.io/job-name={job.name}"
        return sorted(self._pods(labels), key=lambda pod: pod.name)

    def generation(self) -> str:
        """Return the label of the server pods that the Service leads to; empty where none is.

        Raises:
            Trouble: kubectl failed.
        """
        for item in self._kubectl.items("deployments", self._labels("server")):
            labels = item["spec"]["template"]["metadata"].get("labels") or {}
            if GENERATION in labels:
                return f"{GENERATION}={labels[GENERATION]}"
        return ""

    def server_pods(self, generation: str = "") -> list[Pod]:
        """List the server's pods (of a generation), oldest first."""
        labels = ",".join(filter(None, [self._labels("server"), generation]))
        return sorted(self._pods(labels), key=lambda pod: (pod.created_unix_seconds, pod.name))

    def values(self, job: Job) -> str:
        """Return the values file that the clients of a run read.

        Raises:
            Trouble: it is not there, or kubectl failed.
        """
        path = r"jsonpath={.data.values\.yaml}"
        return self._kubectl.call("get", "configmap", job.name, "--output", path)

    def delete(self, pods: Sequence[str], *, kill: bool = False) -> None:
        """Delete pods, and do not wait for their end."""
        forced = ["--grace-period=0", "--force"] if kill else []
        self._kubectl.call("delete", "pod", *pods, "--wait=false", *forced)

    def log(self, pod: str) -> str:
        """Return what is left of a pod's log."""
        return self._kubectl.call("logs", pod)

    def follow(self, pod: str) -> list[str]:
        """Return the command that prints a pod's log until its container ends."""
        return self._kubectl.command("logs", "--follow", pod)

    def _labels(self, component: str) -> str:
        """Select what is of a component; other charts of the release may have one of that name.

        Raises:
            Trouble: the chart is in the release more than once.
        """
        of_release = f"app.kubernetes.io/instance={self._name}"
        of_component = f"{of_release},app.kubernetes.io/component={component}"
        if not self._app:
            self._app = self._only_app(f"{of_release},app.kubernetes.io/component=server")
        return f"app.kubernetes.io/name={self._app},{of_component}" if self._app else of_component

    def _only_app(self, labels: str) -> str:
        """Return the name under which the chart is in the release; empty where it is not yet."""
        apps = {
            item["metadata"]["labels"]["app.kubernetes.io/name"]
            for item in self._kubectl.items("deployments", labels)
            if GENERATION in (item["spec"]["template"]["metadata"].get("labels") or {})
        }
        if len(apps) > 1:
            raise Trouble(
                f"release {self._name} in namespace {self._namespace} holds "
                f"{', '.join(sorted(apps))}: choose one with --app (APP=)"
            )
        return next(iter(apps), "")

    def _pods(self, labels: str) -> list[Pod]:
        return [_pod(item) for item in self._kubectl.items("pods", labels)]


def names(pods: Iterable[Pod]) -> list[str]:
    """List the names of pods."""
    return [pod.name for pod in pods]


def _job(item: dict[str, Any]) -> Job:
    conditions = item.get("status", {}).get("conditions") or []
    return Job(
        item["metadata"]["name"],
        item["spec"].get("completions", 1),
        any(
            condition["type"] in ("Complete", "Failed") and condition["status"] == "True"
            for condition in conditions
        ),
    )


def _pod(item: dict[str, Any]) -> Pod:
    status = item.get("status", {})
    state: dict[str, Any] = {}
    for container in status.get("containerStatuses") or []:
        state = container.get("state") or {}
    ready = next(
        (
            condition
            for condition in status.get("conditions") or []
            if condition["type"] == "Ready" and condition["status"] == "True"
        ),
        None,
    )
    terminated = state.get("terminated")
    waiting = (state.get("waiting") or {}).get("reason") or ""
    exit_status = terminated["exitCode"] if terminated else None
    reason = (terminated or {}).get("reason") or waiting
    if exit_status is None and status.get("phase") in ("Failed", "Succeeded"):
        # Evicted, or on a lost node: there is no container to ask.
        exit_status = 0 if status["phase"] == "Succeeded" else 1
        reason = status.get("reason") or reason or "Failed"
    return Pod(
        name=item["metadata"]["name"],
        created_unix_seconds=_seconds(item["metadata"]["creationTimestamp"]),
        leaving="deletionTimestamp" in item["metadata"],
        ready_unix_seconds=None if ready is None else _seconds(ready["lastTransitionTime"]),
        started=bool(terminated or "running" in state),
        exit_status=exit_status,
        reason="" if reason == "Completed" else reason,
    )


def _seconds(timestamp: str) -> float:
    return datetime.fromisoformat(timestamp).timestamp()
