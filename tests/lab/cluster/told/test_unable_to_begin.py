"""Runs on a cluster that wait for something: the reason is shown, and then given up for."""

import re
import signal
from collections.abc import Callable

import pytest
from tests.cluster.kinds import Object
from tests.lab.cluster.runs.lab import handlers_kept
from tests.lab.cluster.told.conftest import Lab
from tests.lab.cluster.told.kubectl import Told
from tests.lab.cluster.told.objects import (
    client,
    deployment,
    ended,
    event,
    job,
    server,
    servers,
    unscheduled,
    waits,
)
from tests.lab.logs.saved_logs import balanced

NO_NODE = (
    "0/1 nodes are available: 1 Insufficient memory. preemption: 0/1 nodes are available: "
    "1 No preemption victims found for incoming pod."
)
QUOTA = (
    'pods "demo-long-lived-server-x" is forbidden: exceeded quota: compute, requested: '
    "requests.memory=256Mi, used: requests.memory=1Gi, limited: requests.memory=1Gi"
)
POD_SECURITY = (
    'Error creating: pods "demo-long-lived-client-1-0-x" is forbidden: violates PodSecurity '
    '"restricted:latest": allowPrivilegeEscalation != false (container "client" must set '
    "securityContext.allowPrivilegeEscalation=false)"
)
IMAGE = 'Back-off pulling image "registry.example/long-lived-client:1"'
CREATING = waits("ContainerCreating")
PENDING = client("c", CREATING)
LOOP = waits("CrashLoopBackOff", "back-off 10s restarting failed container")


@pytest.mark.parametrize(
    ("objects", "why"),
    [
        (
            lambda: [deployment(), job(), *servers(), unscheduled(client("c"), NO_NODE)],
            f"client pod c: Unschedulable: {NO_NODE}",
        ),
        (
            lambda: [deployment(refused=QUOTA), job(), server("a"), PENDING],
            f"server pods are refused: FailedCreate: {QUOTA}",
        ),
        (
            lambda: [deployment(), job(), *servers()],
            f"client pods are refused: FailedCreate: {POD_SECURITY}",
        ),
        (
            lambda: [
                *(deployment(), job(), *servers()),
                client("c", waits("CreateContainerConfigError", 'secret "token" not found')),
            ],
            'client pod c: CreateContainerConfigError: secret "token" not found',
        ),
        (
            lambda: [
                *(deployment(), job(), *servers(("a", "b")), PENDING),
                server("z", LOOP, ready=False, lastState=ended(3), restartCount=2),
            ],
            "server pod z: CrashLoopBackOff after Error (exit 3), restart 2",
        ),
        (
            lambda: [
                deployment(),
                job(),
                *servers(),
                client("c", waits("ImagePullBackOff", IMAGE)),
            ],
            f"client pod c: ImagePullBackOff: {IMAGE}",
        ),
        (
            lambda: [deployment(), job(), *servers(), PENDING],
            "client pod c: FailedMount: no such volume",
        ),
    ],
    ids=["no-node", "quota", "pod-security", "config", "crash-loop", "image", "event"],
)
def test_run_that_cannot_begin_says_why_and_is_given_up(
    objects: Callable[[], list[Object]], why: str, told: Told, lab: Lab
) -> None:
    """The reason is shown during a bounded wait, and then in the verdict."""
    told.objects = objects()
    told.events = [
        event(job(), "FailedCreate", POD_SECURITY),
        event(PENDING, "FailedMount", "no such\n volume"),
    ]
    told.values = "client: {readiness: {timeoutSeconds: 0.2}}"
    status, output = lab.verify()
    assert status == 1
    assert f" s {why}" in output, output
    assert re.search(
        rf"verdict incomplete: the run did not begin within \d+ s: {re.escape(why)}", output
    ), output


def test_wait_that_ends_well_leaves_no_trace(told: Told, lab: Lab) -> None:
    """A node that comes in time resolves everything."""
    rest = [deployment(), job(), *servers()]
    told.objects = [*rest, unscheduled(client("c"), NO_NODE)]
    late = [*rest[:-1], unscheduled(server("server-c"), NO_NODE), client("c")]
    told.later = [late, [*rest, client("c", ended())]]
    told.values = "client: {readiness: {timeoutSeconds: 3600}}"
    lines = balanced()
    told.log("c", lines)

    def wait_for_the_log() -> None:
        if told.objects is late and not lab.kept("c").endswith(f"{lines[-1]}\n"):
            told.later.insert(0, late)

    told.at_look = wait_for_the_log
    status, output = lab.verify()
    assert status == 0, output
    waited, verdict, found = output.partition("verdict")
    assert f" s client pod c: Unschedulable: {NO_NODE}" in waited
    assert verdict
    assert "Unschedulable" not in found
    assert lab.record["problems"] == []


def test_ctrl_c_ends_a_hopeless_wait(told: Told, lab: Lab) -> None:
    """`verify` only watches: the run goes on, and nothing is deleted."""
    told.objects = [deployment(), job(), *servers(), client("c", waits("ImagePullBackOff", IMAGE))]
    told.at_look = lambda: signal.raise_signal(signal.SIGINT)
    with handlers_kept():
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # should the command not have its own
        status, output = lab.verify()
    assert status == 130
    assert f" s client pod c: ImagePullBackOff: {IMAGE}" in output
    assert "the lab stopped waiting; the run goes on" in output
    assert told.called("delete") == []


def test_ctrl_c_in_a_run_that_is_watched_keeps_what_was_seen(told: Told, lab: Lab) -> None:
    """The log so far is counted, and the client goes on."""
    lines = balanced()[:-1]
    told.objects = [deployment(), job(), *servers(), client("c")]
    told.log("c", lines)

    def interrupt() -> None:
        if lab.kept("c").endswith(f"{lines[-1]}\n"):
            signal.raise_signal(signal.SIGINT)

    told.at_look = interrupt
    with handlers_kept():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        status, output = lab.verify()
    assert status == 130, output
    assert "240 of 1,000 planned were answered" in output
    assert told.called("delete") == []
