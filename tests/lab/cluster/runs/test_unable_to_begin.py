"""Runs on a cluster that wait for something: the reason is shown as long as the wait lasts."""

import re
import signal
from typing import Any

import pytest
from tests.cluster.mishaps import NOBODY
from tests.cluster.place import Place
from tests.lab.cluster.runs.lab import ALONE, Lab

# Parallel to the other modules' runs: here almost nothing runs, and nearly all is waiting.


def test_image_that_cannot_be_pulled_is_reported(place: Place, lab: Lab) -> None:
    """Ctrl-C ends a hopeless wait, whose reason is shown while it lasts."""
    place.cluster.mishaps.unpullable = "client"
    place.helm("install", sets=ALONE)
    watching = lab.verify_until("ImagePull")
    watching.send_signal(signal.SIGINT)
    status, output = lab.end(watching)
    assert status == 130
    assert "the lab stopped waiting; the run goes on" in output


QUOTA = (
    "exceeded quota: compute, requested: requests.memory=256Mi, used: requests.memory=1Gi, "
    "limited: requests.memory=1Gi"
)
POD_SECURITY = (
    'violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container '
    '"client" must set securityContext.allowPrivilegeEscalation=false)'
)
SECRET = (
    "clientPod.extraEnv[0].name=TOKEN",
    "clientPod.extraEnv[0].valueFrom.secretKeyRef.name=token",
    "clientPod.extraEnv[0].valueFrom.secretKeyRef.key=token",
)


@pytest.mark.parametrize(
    ("mishap", "settings", "why"),
    [
        (
            {"nodeless": "client"},
            (),
            r"client pod \S+: Unschedulable: 0/1 nodes are available: 1 Insufficient memory\.",
        ),
        (
            {"refused": ("server", QUOTA)},
            (),
            rf'server pods are refused: FailedCreate: pods "\S+" is forbidden: {QUOTA}',
        ),
        (
            {"refused": ("client", POD_SECURITY)},
            (),
            r'client pods are refused: FailedCreate: Error creating: pods "\S+" is forbidden: '
            + re.escape(POD_SECURITY),
        ),
        (
            {},
            SECRET,
            r'client pod \S+: CreateContainerConfigError: secret "token" not found',
        ),
        (
            {"crashing": "server"},
            (),
            r"server pod \S+: (CrashLoopBackOff after )?Error \(exit 3\), restart \d",
        ),
        (
            {"unpullable": "client"},
            (),
            r'client pod \S+: ImagePullBackOff: Back-off pulling image "\S*client\S*"',
        ),
    ],
    ids=["no-node", "quota", "pod-security", "config", "crash-loop", "image"],
)
def test_run_that_cannot_begin_says_why_and_is_given_up(
    mishap: dict[str, Any],
    settings: tuple[str, ...],
    why: str,
    place: Place,
    lab: Lab,
) -> None:
    """The reason is shown during a bounded wait, and then in the verdict."""
    vars(place.cluster.mishaps).update(mishap)
    place.helm("install", sets=(*ALONE, *settings, "client.readiness.timeoutSeconds=15"))
    status, output = lab.verify()
    assert status == 1
    assert re.search(rf" s {why}", output), output
    # The client, if it has started, gives up after the same time.
    waited = r"(the run did not begin within \d+ s: )?"
    assert re.search(f"verdict incomplete: {waited}{why}", output)
    assert "Traceback" not in output


def test_wait_that_ends_well_leaves_no_trace(place: Place, lab: Lab) -> None:
    """A node that comes in time resolves everything."""
    place.cluster.mishaps.nodeless = "client"
    place.helm("install", sets=ALONE)
    watching = lab.verify_until("Unschedulable")
    place.cluster.mishaps.nodeless = NOBODY
    status, output = lab.end(watching)
    assert status == 0, output
    assert "Unschedulable" not in output.partition("verdict")[2]
    assert lab.record["problems"] == []
