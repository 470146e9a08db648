"""The controller of Deployments: as many pods as wanted, and a rolling update to a new template."""

import copy
import hashlib
import json
import math
from collections.abc import Callable

from . import events, pods
from .kinds import BY_NAME, Object
from .store import Cluster, Refused, timestamp

TEMPLATE_LABEL = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"


class Deployments:
    """Makes and deletes the pods of all Deployments. The caller holds the cluster's lock.

    A ReplicaSet per template owns the pods; it is written down and does nothing by itself.
    """

    def __init__(self, cluster: Cluster) -> None:
        """Work on the objects of `cluster`."""
        self._cluster = cluster
        self._refused: dict[str, str] = {}
        """Why no more pods of a ReplicaSet (uid) are made."""

    def reconcile(self) -> None:
        """Bring the pods of each Deployment one step nearer to what it asks for."""
        for deployment in self._cluster.all("Deployment"):
            self._roll(deployment)

    def _roll(self, deployment: Object) -> None:
        namespace = deployment["metadata"]["namespace"]
        newest = self._replica_set(deployment)
        sets = [
            found
            for found in self._cluster.all("ReplicaSet", namespace)
            if pods.owned_by(deployment, found)
        ]
        new, old = self._split(newest, sets)
        wanted = deployment["spec"]["replicas"]
        surge, unavailable = _limits(deployment)

        room = wanted + surge - len(new) - len(old)
        for _ in range(min(wanted - len(new), room if old else wanted)):
            if not self._make(newest):
                break
        for pod in sorted(new, key=pods.is_ready)[: max(0, len(new) - wanted)]:
            self._cluster.delete(pod)
        spare = sum(map(pods.is_ready, new + old)) - (wanted - unavailable)
        for pod in sorted(old, key=pods.is_ready):
            if pods.is_ready(pod):
                if spare <= 0:
                    break
                spare -= 1
            self._cluster.delete(pod)

        for item in sets:
            self._count(item, wanted if pods.same(item, newest) else 0)
        why = self._refused.get(newest["metadata"]["uid"], "")
        self._describe(deployment, *self._split(newest, sets), why)

    def _make(self, owner: Object) -> bool:
        """Make a pod of a ReplicaSet; tell whether that was allowed.

        Source of the texts: kubernetes pkg/controller/controller_utils.go (createPods) and
        pkg/controller/replicaset/replica_set_utils.go (calculateStatus).
        """
        uid = owner["metadata"]["uid"]
        try:
            base = f"{owner['metadata']['name']}-"
            self._cluster.put(pods.made(owner, owner["spec"]["template"], base))
        except Refused as refused:
            self._refused.setdefault(uid, str(refused))
            events.record(self._cluster, owner, "FailedCreate", f"Error creating: {refused}")
            return False
        self._refused.pop(uid, None)
        return True

    def _split(self, newest: Object, sets: list[Object]) -> tuple[list[Object], list[Object]]:
        """Return the pods of the newest ReplicaSet, and those of all others."""
        others = [item for item in sets if not pods.same(item, newest)]
        return self._pods(newest), [pod for item in others for pod in self._pods(item)]

    def _replica_set(self, deployment: Object) -> Object:
        """Return the ReplicaSet of the current template; make it where there is none."""
        metadata, spec = deployment["metadata"], deployment["spec"]
        name = f"{metadata['name']}-{template_hash(spec['template'])}"
        sets = self._cluster.all("ReplicaSet", metadata["namespace"])
        mine = [item for item in sets if pods.owned_by(deployment, item)]
        for item in mine:
            if item["metadata"]["name"] == name:
                return item
        label = {TEMPLATE_LABEL: name.rpartition("-")[2]}
        template = copy.deepcopy(spec["template"])
        template["metadata"]["labels"] |= label
        return self._cluster.put(
            {
                "apiVersion": BY_NAME["ReplicaSet"].group,
                "kind": "ReplicaSet",
                "metadata": {
                    "name": name,
                    "namespace": metadata["namespace"],
                    "labels": template["metadata"]["labels"],
                    "annotations": {REVISION: str(len(mine) + 1)},
                    "ownerReferences": [pods.reference(deployment)],
                },
                "spec": {
                    "replicas": 0,
                    "selector": {"matchLabels": spec["selector"]["matchLabels"] | label},
                    "template": template,
                },
            }
        )

    def _pods(self, replica_set: Object) -> list[Object]:
        """Return the pods that count: neither over nor on their way out."""
        return [
            pod
            for pod in self._cluster.all("Pod", replica_set["metadata"]["namespace"])
            if pods.owned_by(replica_set, pod)
            and not pods.is_leaving(pod)
            and not pods.is_over(pod)
        ]

    def _count(self, replica_set: Object, wanted: int) -> None:
        found = self._pods(replica_set)

        def update(item: Object) -> None:
            item["spec"]["replicas"] = wanted or len(found)
            item["status"] = {
                "replicas": len(found),
                "readyReplicas": sum(map(pods.is_ready, found)),
            }

        self._cluster.change(replica_set, update)

    def _describe(
        self, deployment: Object, new: list[Object], old: list[Object], refused: str
    ) -> None:
        """Write the status as `kubectl rollout status` and `helm --wait` read it."""
        wanted = deployment["spec"]["replicas"]
        ready = sum(map(pods.is_ready, new + old))
        counts = {
            "replicas": len(new) + len(old),
            "updatedReplicas": len(new),
            "readyReplicas": ready,
            "availableReplicas": ready,
            "unavailableReplicas": max(0, wanted - ready),
        }
        _, unavailable = _limits(deployment)
        available = ready >= wanted - unavailable
        done = not old and len(new) == wanted == sum(map(pods.is_ready, new))
        conditions = [
            pods.condition(
                "Available",
                available,
                "MinimumReplicasAvailable" if available else "MinimumReplicasUnavailable",
            ),
            pods.condition(
                "Progressing", True, "NewReplicaSetAvailable" if done else "ReplicaSetUpdated"
            ),
        ]
        if refused:
            conditions.append(pods.condition("ReplicaFailure", True, "FailedCreate", refused))
        for condition in conditions:
            condition["lastUpdateTime"] = timestamp()

        def update(item: Object) -> None:
            before = item.get("status", {}).get("conditions", [])
            item["status"] = {
                "observedGeneration": deployment["metadata"]["generation"],
                **{name: count for name, count in counts.items() if count},
                "conditions": pods.kept_times(before, conditions),
            }

        self._cluster.change(deployment, update)


def template_hash(template: Object) -> str:
    """Return ten characters that stand for a pod template."""
    digest = hashlib.sha256(json.dumps(template, sort_keys=True).encode()).digest()
    return "".join(pods.SUFFIX_LETTERS[byte % len(pods.SUFFIX_LETTERS)] for byte in digest[:10])


def _limits(deployment: Object) -> tuple[int, int]:
    """Return how many pods there may be above the wanted number, and how many below."""
    spec = deployment["spec"]
    strategy = spec.get("strategy", {})
    if strategy.get("type") == "Recreate":
        return 0, spec["replicas"]
    rolling = strategy.get("rollingUpdate") or {}
    surge = _share(rolling.get("maxSurge", "25%"), spec["replicas"], math.ceil)
    unavailable = _share(rolling.get("maxUnavailable", "25%"), spec["replicas"], math.floor)
    return surge, unavailable if surge or unavailable else 1


def _share(value: object, whole: int, rounded: Callable[[float], int]) -> int:
    if isinstance(value, str) and value.endswith("%"):
        return rounded(whole * int(value.removesuffix("%")) / 100)
    return int(str(value))
