"""Events: what the control plane and the kubelets say of an object."""

from typing import Any

from .kinds import Object
from .store import Cluster, timestamp


def record(
    cluster: Cluster, about: Object, reason: str, message: str, kind: str = "Warning"
) -> None:
    """Say something of an object; the same again within a second is not counted anew.

    Source: kubernetes staging/src/k8s.io/client-go/tools/record/event.go and events_cache.go.
    """
    metadata = about["metadata"]
    now = timestamp()
    with cluster.changed:
        name = f"{metadata['name']}.{metadata['uid'][:8]}.{reason.lower()}"
        known = [item for item in cluster.all("Event") if item["metadata"]["name"] == name]
        if known and known[0]["lastTimestamp"] == now:
            return
        event: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": metadata["namespace"]},
            "involvedObject": {
                "apiVersion": about["apiVersion"],
                "kind": about["kind"],
                "name": metadata["name"],
                "namespace": metadata["namespace"],
                "uid": metadata["uid"],
            },
            "type": kind,
            "reason": reason,
            "message": message,
            "count": known[0]["count"] + 1 if known else 1,
            "firstTimestamp": known[0]["firstTimestamp"] if known else now,
            "lastTimestamp": now,
            "eventTime": None,
        }
        if known:
            event["metadata"] = known[0]["metadata"]
        cluster.put(event)
