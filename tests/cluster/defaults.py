"""What the API fills into a new object, because controllers and clients rely on it."""

from typing import Any

from .kinds import Object


def fill_in(made: Object) -> None:
    """Complete an object, which has its uid; existing values stay."""
    metadata, spec = made["metadata"], made.get("spec")
    if made["kind"] == "Deployment":
        spec.setdefault("replicas", 1)
    elif made["kind"] == "Job":
        uid = metadata["uid"]
        labels: dict[str, Any] = {
            "batch.kubernetes.io/controller-uid": uid,
            "batch.kubernetes.io/job-name": metadata["name"],
        }
        template = spec["template"].setdefault("metadata", {})
        template["labels"] = {**(template.get("labels") or {}), **labels}
        spec.setdefault("completions", 1)
        spec.setdefault("parallelism", 1)
        spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    elif made["kind"] == "Pod":
        spec.setdefault("terminationGracePeriodSeconds", 30)
        spec.setdefault("securityContext", {})
        made.setdefault("status", {"phase": "Pending"})
