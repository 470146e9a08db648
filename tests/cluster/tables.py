"""What plain `kubectl get` prints: a table of columns that the API chooses."""

from collections.abc import Callable
from datetime import UTC, datetime

from .kinds import Object

Cells = Callable[[Object], dict[str, object]]


def table(answer: Object) -> Object | None:
    """Return the table of an object or a list; None where it is neither."""
    kind = answer["kind"].removesuffix("List")
    items = answer.get("items", [answer])
    if "metadata" not in answer or kind in ("Status", "APIGroup", "APIResource"):
        return None
    cells = COLUMNS.get(kind, lambda _: {})
    rows = [(item, {"Name": item["metadata"]["name"], **cells(item)}) for item in items]
    names = list(rows[0][1]) if rows else ["Name"]
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": answer["metadata"].get("resourceVersion", "")},
        "columnDefinitions": [
            {"name": name, "type": "string", "format": "name" if name == "Name" else ""}
            for name in [*names, "Age"]
        ],
        "rows": [
            {"cells": [*row.values(), _age(item)], "object": _partial(item)} for item, row in rows
        ],
    }


def _pod(pod: Object) -> dict[str, object]:
    status = pod.get("status", {})
    containers = status.get("containerStatuses", [])
    shown = status.get("phase", "Unknown")
    for container in containers:
        (state,) = container["state"].values()
        shown = state.get("reason", shown)
    if "deletionTimestamp" in pod["metadata"]:
        shown = "Terminating"
    ready = sum(1 for container in containers if container["ready"])
    return {
        "Ready": f"{ready}/{len(pod['spec']['containers'])}",
        "Status": shown,
        "Restarts": sum(container["restartCount"] for container in containers),
        "IP": status.get("podIP", "<none>"),
    }


def _deployment(deployment: Object) -> dict[str, object]:
    status = deployment.get("status", {})
    return {
        "Ready": f"{status.get('readyReplicas', 0)}/{deployment['spec']['replicas']}",
        "Up-to-date": status.get("updatedReplicas", 0),
        "Available": status.get("availableReplicas", 0),
    }


def _job(job: Object) -> dict[str, object]:
    status = job.get("status", {})
    done = [c["type"] for c in status.get("conditions", []) if c["status"] == "True"]
    return {
        "Status": done[-1] if done else "Running",
        "Completions": f"{status.get('succeeded', 0)}/{job['spec']['completions']}",
    }


COLUMNS: dict[str, Cells] = {"Pod": _pod, "Deployment": _deployment, "Job": _job}


def _age(item: Object) -> str:
    made = datetime.fromisoformat(item["metadata"]["creationTimestamp"])
    return f"{max(0, round((datetime.now(UTC) - made).total_seconds()))}s"


def _partial(item: Object) -> Object:
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": item["metadata"],
    }
