"""Pods as objects: made from a template, inspected, and described by their status."""

import copy
import random
from collections.abc import Mapping

from .kinds import Object
from .objects import timestamp

SUFFIX_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
"""Source: kubernetes staging/src/k8s.io/apimachinery/pkg/util/rand/rand.go."""
LONGEST_BASE = 58
"""Source: kubernetes staging/src/k8s.io/apiserver/pkg/storage/names/generate.go."""


def made(
    owner: Object, template: Object, base: str, labels: Mapping[str, str] | None = None
) -> Object:
    """Return a pod of a controller's template, named `base` plus five random characters."""
    metadata, own = template.get("metadata", {}), owner["metadata"]
    reference = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "controller": True}
    suffix = "".join(random.choices(SUFFIX_LETTERS, k=5))
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{base[:LONGEST_BASE]}{suffix}",
            "generateName": base,
            "namespace": own["namespace"],
            "labels": {**(metadata.get("labels") or {}), **(labels or {})},
            "annotations": dict(metadata.get("annotations") or {}),
            "ownerReferences": [reference | {"name": own["name"], "uid": own["uid"]}],
        },
        "spec": copy.deepcopy(template["spec"]),
    }


def owned_by(owner: Object, found: Object) -> bool:
    """Tell whether an object belongs to a controller."""
    references = found["metadata"].get("ownerReferences", [])
    return any(item["uid"] == owner["metadata"]["uid"] for item in references)


def is_leaving(pod: Object) -> bool:
    """Tell whether a pod is being deleted."""
    return "deletionTimestamp" in pod["metadata"]


def is_over(pod: Object) -> bool:
    """Tell whether a pod has ended for good."""
    return pod.get("status", {}).get("phase") in ("Succeeded", "Failed")


def is_ready(pod: Object) -> bool:
    """Tell whether a pod's condition Ready is True."""
    return any(
        condition["type"] == "Ready" and condition["status"] == "True"
        for condition in pod.get("status", {}).get("conditions", [])
    )


def condition(name: str, holds: bool, reason: str = "") -> Object:
    """Return a condition as of now."""
    found = {"type": name, "status": str(holds), "lastTransitionTime": timestamp()}
    if reason:
        found["reason"] = reason
    return found


def kept_times(before: list[Object], after: list[Object]) -> list[Object]:
    """Keep the transition times of conditions that have not changed."""
    known = {item["type"]: item for item in before}
    for item in after:
        same = known.get(item["type"])
        if same and same["status"] == item["status"]:
            item["lastTransitionTime"] = same["lastTransitionTime"]
    return after


def status(pod: Object, phase: str, address: str, own: Object) -> Object:
    """Return a pod's status, given its container's."""
    conditions = [condition("Ready", own["ready"]), condition("PodScheduled", True)]
    return {
        "phase": phase,
        "podIP": address,
        "conditions": kept_times(pod.get("status", {}).get("conditions", []), conditions),
        "containerStatuses": [{"name": own_container(pod)["name"], **own}],
    }


def own_container(pod: Object) -> Object:
    """Return a pod's container, of which there is one."""
    (found,) = pod["spec"]["containers"]
    return dict(found)
