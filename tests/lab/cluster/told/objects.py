"""The objects of a release, in the words of the API.

The reasons and messages are those of Kubernetes 1.33: pkg/scheduler, pkg/kubelet/kuberuntime,
pkg/kubelet/kubelet_pods.go, pkg/kubelet/images, pkg/controller/controller_utils.go and
pkg/quota.
"""

from typing import Any

from tests.cluster.kinds import Object
from tests.lab.runs import SERVERS

from long_lived.lab.cluster.release import GENERATION

BEFORE = "2026-11-25T12:00:00Z"
"""Before every run that the tests describe."""
APP, RELEASE, CURRENT = "long-lived", "demo", "one"
DEPLOYMENT, JOB = "demo-long-lived-server", "demo-long-lived-client-1"

RUNNING = {"running": {"startedAt": BEFORE}}


def ended(status: int = 0, reason: str = "") -> Object:
    """Return the state of a container that has ended."""
    why = reason or ("Error" if status else "Completed")
    times = {"startedAt": BEFORE, "finishedAt": BEFORE}
    return {"terminated": {"exitCode": status, "reason": why, **times}}


def waits(reason: str, message: str = "") -> Object:
    """Return the state of a container that waits."""
    return {"waiting": {"reason": reason, "message": message}}


def deployment(
    *,
    app: str = APP,
    release: str = RELEASE,
    replicas: int = 3,
    refused: str = "",
    port: int = 8000,
    generation: str = CURRENT,
) -> Object:
    """Return the servers' Deployment; its pods may be `refused`."""
    failure = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate"}
    conditions = [{**failure, "message": refused}] if refused else []
    container = {"name": "server", "ports": [{"containerPort": port}]}
    labels = {GENERATION: generation} if generation else {}
    made = _object("Deployment", f"{release}-{app}-server", "server", app, release)
    made["spec"] = {
        "replicas": replicas,
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
    }
    made["status"] = {"conditions": conditions}
    return made


def job(
    name: str = JOB,
    *,
    app: str = APP,
    release: str = RELEASE,
    clients: int = 1,
    created: str = BEFORE,
    finished: bool = False,
) -> Object:
    """Return a run."""
    made = _object("Job", name, "client", app, release, created)
    made["spec"] = {"completions": clients}
    made["status"] = {"conditions": [{"type": "Complete", "status": "True"}] if finished else []}
    return made


def server(
    name: str,
    state: Object = RUNNING,
    *,
    ready: bool = True,
    app: str = APP,
    release: str = RELEASE,
    generation: str = CURRENT,
    ready_at: str = BEFORE,
    **status: Any,
) -> Object:
    """Return a pod of the server; more of its own container's `status` may be given."""
    made = _object("Pod", name, "server", app, release)
    made["metadata"]["labels"] |= {GENERATION: generation}
    own = {"name": "server", "state": state, "ready": ready, **status}
    return _with_status(made, own, ready, ready_at)


def client(
    name: str,
    state: Object = RUNNING,
    *,
    of: str = JOB,
    app: str = APP,
    release: str = RELEASE,
    **status: Any,
) -> Object:
    """Return a pod of a run."""
    made = _object("Pod", name, "client", app, release)
    made["metadata"]["labels"] |= {"batch.kubernetes.io/job-name": of}
    return _with_status(made, {"name": "client", "state": state, "ready": False, **status})


def unscheduled(pod: Object, message: str) -> Object:
    """Return a pod for which there is no node."""
    why = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    return pod | {"status": {"phase": "Pending", "conditions": [{**why, "message": message}]}}


def evicted(pod: Object) -> Object:
    """Return what an eviction leaves of a pod: the kubelet has lost its container."""
    lost = ended(137, "ContainerStatusUnknown")
    lost["terminated"] |= {"startedAt": None, "finishedAt": None}
    (own,) = pod["status"]["containerStatuses"]
    ready = {"type": "Ready", "status": "False", "lastTransitionTime": BEFORE}
    status = {"phase": "Failed", "reason": "Evicted", "conditions": [ready]}
    return pod | {"status": {**status, "containerStatuses": [own | {"state": lost}]}}


def servers(names: tuple[str, ...] = SERVERS) -> list[Object]:
    """Return the pods of a release whose servers are all ready."""
    return [server(name) for name in names]


def event(
    about: Object, reason: str, message: str, kind: str = "Warning", at: str = BEFORE
) -> Object:
    """Return an event."""
    return {
        "metadata": {"creationTimestamp": at},
        "involvedObject": {"uid": about["metadata"]["uid"]},
        "type": kind,
        "reason": reason,
        "message": message,
    }


def _object(
    kind: str, name: str, component: str, app: str, release: str, created: str = BEFORE
) -> Object:
    labels = {
        "app.kubernetes.io/name": app,
        "app.kubernetes.io/instance": release,
        "app.kubernetes.io/component": component,
    }
    metadata = {"name": name, "uid": f"uid-{name}", "creationTimestamp": created, "labels": labels}
    return {"kind": kind, "metadata": metadata}


def _with_status(pod: Object, own: Object, ready: bool = False, since: str = BEFORE) -> Object:
    condition = {"type": "Ready", "status": str(ready), "lastTransitionTime": since}
    status = {"restartCount": 0, "lastState": {}, **own}
    pod["status"] = {"phase": "Running", "conditions": [condition], "containerStatuses": [status]}
    return pod
