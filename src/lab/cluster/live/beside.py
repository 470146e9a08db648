"""A container beside those of a pod whose image has no `cat`: it sees the same sockets."""

import json
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from long_lived.lab.cluster.tools.kubectl import Kubectl
from long_lived.lab.experiment.backend import Trouble

START_SECONDS = 120.0
"""Longest wait until it runs; the image has to be fetched."""

SPEC = {"securityContext": {"runAsUser": 65532, "runAsGroup": 65532}}
"""What is added to kubectl's profile `restricted`, which asks for a user that is not root and names
none: an image like busybox would never start."""

HOPELESS = (
    *("CreateContainerConfigError", "CreateContainerError", "RunContainerError"),
    *("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"),
)
"""Reasons of a container that waits, and would do so for good."""


@dataclass(frozen=True)
class DebugImage:
    """What runs beside a pod's own containers, and for how long."""

    name: str
    seconds: int
    """After that it ends by itself. As PID 1 it heeds no SIGTERM: until then a pod that is deleted
    ends only with its grace period."""

    def start(self, kubectl: Kubectl, pod: str) -> str:
        """Start an ephemeral container in `pod`; return its name once it runs.

        Raises:
            Trouble: it may not be started, or does not start.
        """
        container = f"long-lived-{time.time_ns() % 10**9:09d}"
        with tempfile.NamedTemporaryFile("w", suffix=".json") as spec:
            json.dump(SPEC, spec)
            spec.flush()
            try:
                kubectl.call(
                    *("debug", pod, "--image", self.name, "--container", container),
                    *("--profile", "restricted", "--custom", spec.name, "--quiet"),
                    *("--", "sleep", str(self.seconds)),
                )
            except Trouble as trouble:
                if "unknown flag: --custom" in str(trouble):
                    raise Trouble("--debug-image needs kubectl 1.31 or later") from None
                raise
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            item = json.loads(kubectl.call("get", "pod", pod, "--output", "json"))
            if _runs(item, container):
                return container
            time.sleep(1)
        raise Trouble(f"the container {container} beside it did not start")


def _runs(pod: Mapping[str, Any], container: str) -> bool:
    """Tell whether the container runs.

    Raises:
        Trouble: it never will.
    """
    found = pod.get("status", {}).get("ephemeralContainerStatuses") or []
    state = next((one.get("state") or {} for one in found if one["name"] == container), {})
    waits, ended = state.get("waiting") or {}, state.get("terminated") or {}
    why = ended if ended else waits if waits.get("reason") in HOPELESS else {}
    if why:
        reason = ": ".join(str(why[key]) for key in ("reason", "message") if why.get(key))
        raise Trouble(f"the container {container} beside it does not start: {reason}")
    return "running" in state
