"""Events: what the control plane and the kubelets report about an object."""

from .kinds import Object
from .objects import timestamp
from .store import Cluster


def record(
    cluster: Cluster, about: Object, reason: str, message: str, kind: str = "Warning"
) -> None:
    """Record an event of an object, at most one a second; the newest stays.

    Source: kubernetes staging/src/k8s.io/client-go/tools/record/event.go and events_cache.go.
    """
    metadata = about["metadata"]
    involved = {"kind": about["kind"], **{key: metadata[key] for key in ("name", "uid")}}
    name = f"{metadata['name']}.{metadata['uid'][:8]}.{reason.lower()}"
    own = {"name": name, "namespace": metadata["namespace"]}
    known = [one["metadata"] for one in cluster.all("Event") if one["metadata"]["name"] == name]
    if known and cluster.get("Event", name)["lastTimestamp"] == timestamp():
        return
    cluster.put(
        {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": known[0] if known else own,
            "involvedObject": involved,
            "type": kind,
            "reason": reason,
            "message": message,
            "lastTimestamp": timestamp(),
            "eventTime": None,
        }
    )
