"""Reading pods as the API describes them.

The messages are those of Kubernetes 1.33: pkg/scheduler, pkg/kubelet/kuberuntime,
pkg/kubelet/kubelet_pods.go and pkg/kubelet/images.
"""

from typing import Any

import pytest

from long_lived.lab.cluster.pods import Ending, Pod, read_pod

AT = "2026-11-25T12:00:00Z"
UNIX = 1_795_608_000.0
NO_NODE = (
    "0/1 nodes are available: 1 Insufficient memory. preemption: 0/1 nodes are available: 1 No "
    "preemption victims found for incoming pod."
)
KILLED = {"exitCode": 137, "reason": "OOMKilled", "startedAt": AT, "finishedAt": AT}
RUNNING = {"running": {"startedAt": AT}}


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    """Make the state of a waiting container."""
    return {"waiting": {"reason": reason, "message": message}}


def container(name: str, state: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Make the status of a container."""
    return {"name": name, "state": state, "lastState": {}, "restartCount": 0, **more}


def condition(name: str, holds: bool, **more: str) -> dict[str, Any]:
    """Make a condition."""
    return {"type": name, "status": str(holds), "lastTransitionTime": AT, **more}


def read(*containers: dict[str, Any], **status: Any) -> Pod:
    """Read a pod whose own container is `client`."""
    metadata = {"name": "one", "uid": "1", "creationTimestamp": AT}
    whole = {"phase": "Running", "containerStatuses": list(containers), **status}
    return read_pod({"metadata": metadata, "status": whole}, "client")


def test_pod_without_a_status_says_nothing() -> None:
    """A pod made a moment ago has no container yet, and no reason."""
    pod = read_pod({"metadata": {"name": "one", "uid": "1", "creationTimestamp": AT}}, "client")
    assert (pod.started, pod.ended, pod.reason, pod.obstacle) == (False, False, "", "")
    assert pod.created_unix_seconds == UNIX


@pytest.mark.parametrize("order", [1, -1], ids=["last", "first"])
def test_pod_goes_by_its_own_container(order: int) -> None:
    """A sidecar that lives on, first or last in the list, does not keep a pod running."""
    both = [container("client", {"terminated": KILLED}), container("sidecar", RUNNING)]
    pod = read(*both[::order])
    assert (pod.ended, pod.exit_status, pod.reason) == (True, 137, "OOMKilled")


@pytest.mark.parametrize("order", [1, -1], ids=["last", "first"])
def test_sidecar_that_ended_ends_no_pod(order: int) -> None:
    """The pod runs as long as its own container."""
    both = [container("client", RUNNING), container("sidecar", {"terminated": KILLED})]
    pod = read(*both[::order])
    assert (pod.started, pod.ended, pod.reason) == (True, False, "")


def test_native_sidecar_ends_no_pod() -> None:
    """An init container that goes on does not affect the own container's end."""
    done = {"terminated": {**KILLED, "exitCode": 0, "reason": "Completed"}}
    pod = read(container("client", done), initContainerStatuses=[container("proxy", RUNNING)])
    assert (pod.exit_status, pod.reason, pod.obstacle) == (0, "", "")


def test_evicted_pod_has_ended_without_a_container() -> None:
    """Where there is no container to ask, the pod's status says why."""
    pod = read(phase="Failed", reason="Evicted")
    assert (pod.exit_status, pod.reason) == (1, "Evicted")


def test_evicted_pod_has_ended_with_a_container_that_is_lost() -> None:
    """The kubelet, which can no longer find it, states an exit status and no times."""
    lost = {"exitCode": 137, "reason": "ContainerStatusUnknown"}
    state = {"terminated": lost | {"startedAt": None, "finishedAt": None}}
    before = {"lastState": state, "restartCount": 1}
    pod = read(container("client", state, **before), phase="Failed", reason="Evicted")
    assert (pod.started, pod.exit_status, pod.reason) == (True, 137, "Evicted")
    assert pod.last_ending == Ending(0.0, 137, "ContainerStatusUnknown")


@pytest.mark.parametrize(
    ("status", "obstacle", "stuck"),
    [
        (
            {
                "conditions": [
                    condition("PodScheduled", False, reason="Unschedulable", message=NO_NODE)
                ]
            },
            f"Unschedulable: {NO_NODE}",
            False,
        ),
        (
            {"containerStatuses": [container("client", waiting("ContainerCreating"))]},
            "",
            False,
        ),
        (
            {
                "containerStatuses": [
                    container(
                        "client", waiting("ImagePullBackOff", 'Back-off pulling image "x/client:1"')
                    )
                ]
            },
            'ImagePullBackOff: Back-off pulling image "x/client:1"',
            True,
        ),
        (
            {
                "containerStatuses": [
                    container(
                        "client",
                        waiting("CreateContainerConfigError", 'secret "token" not found'),
                    )
                ]
            },
            'CreateContainerConfigError: secret "token" not found',
            True,
        ),
        (
            {
                "containerStatuses": [
                    container(
                        "client",
                        waiting(
                            "CrashLoopBackOff", "back-off 10s restarting failed container=client"
                        ),
                        lastState={"terminated": KILLED},
                        restartCount=3,
                    )
                ]
            },
            "CrashLoopBackOff after OOMKilled (exit 137), restart 3",
            True,
        ),
        (
            {
                "containerStatuses": [container("client", waiting("PodInitializing"))],
                "initContainerStatuses": [container("proxy", waiting("ErrImagePull", "no such"))],
            },
            "container proxy: ErrImagePull: no such",
            True,
        ),
        ({"containerStatuses": [container("client", RUNNING)]}, "", False),
        (
            {
                "containerStatuses": [
                    container(
                        "client",
                        RUNNING,
                        ready=False,
                        lastState={"terminated": KILLED},
                        restartCount=2,
                    )
                ]
            },
            "OOMKilled (exit 137), restart 2",
            False,
        ),
        (
            {"containerStatuses": [container("client", {"terminated": KILLED}, ready=False)]},
            "OOMKilled (exit 137), restart 0",
            False,
        ),
    ],
    ids=["no-node", "creating", "image", "config", "crash-loop", "sidecar-image", "running"]
    + ["running-again", "ended"],
)
def test_pod_says_what_keeps_it_from_running(
    status: dict[str, Any], obstacle: str, stuck: bool
) -> None:
    """Reason and message are the cluster's own; time may cure some of them."""
    pod = read(**status)
    assert (pod.obstacle, pod.stuck) == (obstacle, stuck)


def test_container_that_started_again_says_how_it_ended() -> None:
    """Restart count and last end are those of the named container."""
    own = container("client", RUNNING, lastState={"terminated": KILLED}, restartCount=2)
    pod = read(container("a", RUNNING, restartCount=7), own)
    assert (pod.restarts, pod.last_ending) == (2, Ending(UNIX, 137, "OOMKilled"))
    assert str(pod.last_ending) == "OOMKilled (exit 137)"


@pytest.mark.parametrize(("holds", "since"), [(True, UNIX), (False, None)], ids=["yes", "no"])
def test_pod_is_ready_since_its_condition_turned(holds: bool, since: float | None) -> None:
    """Ready is the whole pod, with all its containers."""
    pod = read(container("client", RUNNING), conditions=[condition("Ready", holds)])
    assert pod.ready_unix_seconds == since
