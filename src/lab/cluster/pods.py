"""Pods as the API describes them: what the named container does, and what keeps it from running.

A pod may have more containers than ours (a mesh's proxy, a log shipper): how the run stands is told
by the container that the chart names, why a pod does not become ready by any of them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

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
"""Reasons of a waiting container for which waiting does not help. Source: kubernetes
pkg/kubelet/images/types.go and pkg/kubelet/kuberuntime."""

PLAIN = frozenset({"Error", "Completed", ""})
"""Reasons of an ended container that add nothing to its exit status."""


@dataclass(frozen=True)
class Ending:
    """How one start of a container ended."""

    unix_seconds: float
    """By the node's clock, in whole seconds, cut off; 0 where the kubelet does not know.

    The times of a container that it has lost (ContainerStatusUnknown), as after an eviction, are
    null.
    """
    exit_status: int
    reason: str
    """In the kubelet's words, such as OOMKilled and Error."""

    def __str__(self) -> str:
        """Say it in a word or two: OOMKilled (exit 137), Error (exit 1)."""
        return f"{self.reason or 'ended'} (exit {self.exit_status})"


@dataclass(frozen=True)
class Pod:
    """One pod at one moment."""

    name: str
    uid: str
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
    """Why its container waits or ended, in the cluster's words; empty where there is nothing to
    say."""
    obstacle: str
    """Why a container of it does not run, with the cluster's message; empty where there is nothing
    to say."""
    stuck: bool
    """Whether waiting does not help."""
    restarts: int
    """How often its container was started again."""
    last_ending: Ending | None
    """How the start before the newest ended; None where there was none."""

    @property
    def ended(self) -> bool:
        """Whether its container has ended, or never will begin."""
        return self.exit_status is not None


def names(pods: Iterable[Pod]) -> list[str]:
    """List the names of pods."""
    return [pod.name for pod in pods]


def read_pod(item: dict[str, Any], container: str) -> Pod:
    """Read a Pod object, in which `container` is the one that matters."""
    status = item.get("status", {})
    own = own_status(status, container)
    state = own.get("state") or {}
    terminated = state.get("terminated")
    waiting = (state.get("waiting") or {}).get("reason") or ""
    exit_status = terminated["exitCode"] if terminated else None
    reason = (terminated or {}).get("reason") or waiting
    if over(item):
        if exit_status is None:
            # Evicted, or on a lost node: there is no container to ask.
            exit_status = 0 if status["phase"] == "Succeeded" else 1
            reason = reason or "Failed"
        reason = status.get("reason") or reason
    ready = condition(status, "Ready")
    obstacle, stuck = _obstacle(status, container)
    return Pod(
        name=item["metadata"]["name"],
        uid=item["metadata"]["uid"],
        created_unix_seconds=unix_seconds(item["metadata"]["creationTimestamp"]),
        leaving="deletionTimestamp" in item["metadata"],
        ready_unix_seconds=unix_seconds(ready["lastTransitionTime"])
        if ready.get("status") == "True"
        else None,
        started=bool(terminated or "running" in state),
        exit_status=exit_status,
        reason="" if reason == "Completed" else reason,
        obstacle=obstacle,
        stuck=stuck,
        restarts=own.get("restartCount", 0),
        last_ending=_ending((own.get("lastState") or {}).get("terminated")),
    )


def over(item: Mapping[str, Any]) -> bool:
    """Tell whether a pod will never run again, such as one that was evicted: it stays, as Failed.

    Its ReplicaSet has made another one. Source: kubernetes pkg/controller/controller_utils.go,
    IsPodActive.
    """
    return item.get("status", {}).get("phase") in ("Failed", "Succeeded")


def unix_seconds(timestamp: str) -> float:
    """Read a time as the API writes it."""
    return datetime.fromisoformat(timestamp).timestamp()


def own_status(status: Mapping[str, Any], container: str) -> dict[str, Any]:
    """Return what a pod's status says of one of its containers; empty where it has none yet."""
    found: list[dict[str, Any]] = status.get("containerStatuses") or []
    return next((one for one in found if one["name"] == container), {})


def condition(status: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a condition of a pod; empty where it has none of that name."""
    found: list[dict[str, Any]] = status.get("conditions") or []
    return next((one for one in found if one["type"] == name), {})


def _ending(terminated: dict[str, Any] | None) -> Ending | None:
    if not terminated:
        return None
    finished = terminated.get("finishedAt")
    return Ending(
        unix_seconds(finished) if finished else 0.0,
        terminated["exitCode"],
        terminated.get("reason") or "",
    )


def _obstacle(status: dict[str, Any], container: str) -> tuple[str, bool]:
    """Say what keeps the pod from running, and whether it stays so; its own container first."""
    scheduled = condition(status, "PodScheduled")
    if scheduled.get("status") == "False":
        return _said(scheduled.get("reason"), scheduled.get("message")), False
    own = own_status(status, container)
    others = [
        one
        for key in ("initContainerStatuses", "containerStatuses")
        for one in status.get(key) or []
        if one is not own
    ]
    for one in [own, *others]:
        waiting = (one.get("state") or {}).get("waiting") or {}
        stuck = waiting.get("reason") in STUCK
        text = _said(waiting["reason"], waiting.get("message")) if stuck else ""
        # A container in a crash loop has ended, waits or runs again, whenever one happens to look.
        if (ending := _newest_ending(one)) and (stuck or one.get("ready") is False):
            after = f"{waiting['reason']} after " if stuck else ""
            text = f"{after}{ending}, restart {one.get('restartCount', 0)}"
        if text:
            return text if one is own else f"container {one['name']}: {text}", stuck
    return "", False


def _newest_ending(one: dict[str, Any]) -> Ending | None:
    """Return how a container ended last; None where it never did."""
    states = (one.get(key) or {} for key in ("state", "lastState"))
    return next((end for state in states if (end := _ending(state.get("terminated")))), None)


def _said(reason: str | None, message: str | None) -> str:
    return ": ".join(part for part in (reason, " ".join((message or "").split())) if part)
