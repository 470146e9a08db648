"""The controller of Deployments: the number of pods, and rolling updates to a new template."""

import hashlib
import json

from . import pods
from .kinds import Object
from .store import Cluster

TEMPLATE_LABEL = "pod-template-hash"


class Deployments:
    """Makes and deletes the pods of all Deployments. The caller holds the cluster's lock.

    It owns the pods directly: there are no ReplicaSets.
    """

    def __init__(self, cluster: Cluster) -> None:
        """Work on the objects of `cluster`."""
        self._cluster = cluster

    def reconcile(self) -> None:
        """Bring each Deployment's pods one step closer to what it asks for."""
        for deployment in self._cluster.all("Deployment"):
            self._roll(deployment)

    def _roll(self, deployment: Object) -> None:
        """Make missing pods at once, and delete an old pod for each new one that is ready."""
        wanted = deployment["spec"]["replicas"]
        new, old = self._pods(deployment)
        for _ in range(wanted - len(new)):
            self._make(deployment)
        for pod in sorted(new, key=pods.is_ready)[: max(0, len(new) - wanted)]:
            self._cluster.delete(pod)
        spare = len(old) + sum(map(pods.is_ready, new)) - wanted
        for pod in sorted(old, key=pods.is_ready)[: max(0, spare)]:
            self._cluster.delete(pod)
        self._describe(deployment, *self._pods(deployment))

    def _make(self, deployment: Object) -> None:
        template = deployment["spec"]["template"]
        name = template_hash(template)
        base = f"{deployment['metadata']['name']}-{name}-"
        self._cluster.put(pods.made(deployment, template, base, {TEMPLATE_LABEL: name}))

    def _pods(self, deployment: Object) -> tuple[list[Object], list[Object]]:
        """Return the pods that stay: those of the current template, and the others."""
        current = template_hash(deployment["spec"]["template"])
        mine = [
            pod
            for pod in self._cluster.all("Pod", deployment["metadata"]["namespace"])
            if pods.owned_by(deployment, pod) and not pods.is_leaving(pod) and not pods.is_over(pod)
        ]
        new = [pod for pod in mine if pod["metadata"]["labels"][TEMPLATE_LABEL] == current]
        return new, [pod for pod in mine if pod not in new]

    def _describe(self, deployment: Object, new: list[Object], old: list[Object]) -> None:
        """Write the status: which pods there are."""
        ready = sum(map(pods.is_ready, new + old))
        done = not old and len(new) == ready == deployment["spec"]["replicas"]
        before = deployment.get("status", {}).get("conditions", [])
        progress = "NewReplicaSetAvailable" if done else "ReplicaSetUpdated"
        conditions = [
            pods.condition("Available", done),
            pods.condition("Progressing", True, progress),
        ]

        def update(item: Object) -> None:
            item["status"] = {
                "observedGeneration": deployment["metadata"]["generation"],
                "replicas": len(new) + len(old),
                "updatedReplicas": len(new),
                "readyReplicas": ready,
                "availableReplicas": ready,
                "conditions": pods.kept_times(before, conditions),
            }

        self._cluster.change(deployment, update)


def is_rolled_out(deployment: Object) -> bool:
    """Tell whether all pods are of the current template, and ready."""
    status = deployment.get("status", {})
    return status.get("observedGeneration") == deployment["metadata"]["generation"] and any(
        one.get("reason") == "NewReplicaSetAvailable" for one in status["conditions"]
    )


def template_hash(template: Object) -> str:
    """Return ten characters that identify a pod template."""
    digest = hashlib.sha256(json.dumps(template, sort_keys=True).encode()).digest()
    return "".join(pods.SUFFIX_LETTERS[byte % len(pods.SUFFIX_LETTERS)] for byte in digest[:10])
