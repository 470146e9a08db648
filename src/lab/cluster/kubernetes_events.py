"""The events that a cluster records of its objects: why something does not start, or was ended.

Where they may not be read there are none: they explain, and nothing else depends on them.
"""

import json
import re
from typing import Any

from long_lived.lab.cluster.pods import unix_seconds
from long_lived.lab.cluster.tools.kubectl import Kubectl
from long_lived.lab.experiment.backend import Trouble

_PROBE = re.compile(r"failed (\w+) probe")
"""Source: kubernetes pkg/kubelet/kuberuntime/kuberuntime_manager.go, "Container %s failed liveness
probe, will be restarted" and "Container %s failed startup probe"."""


class KubernetesEvents:
    """The events of a namespace."""

    def __init__(self, kubectl: Kubectl) -> None:
        """Ask `kubectl`."""
        self._kubectl = kubectl

    def newest(self, uid: str, which: str) -> str:
        """Return reason and message of an object's newest event that the selector `which` fits.

        Empty where there is none.
        """
        events = self._of(uid, which)
        if not events:
            return ""
        newest = max(events, key=_last_seen)
        return f"{newest['reason']}: {' '.join(newest['message'].split())}"

    def failed_probe(self, uid: str, ended_unix_seconds: float) -> str:
        """Name the probe for which a pod's container was ended then; empty where none failed."""
        events = self._of(uid, "reason=Killing")
        # The order to end it comes before the end, by a grace period at most.
        before = [one for one in events if _last_seen(one) <= ended_unix_seconds + 1]
        newest = max(before, key=_last_seen, default=None)
        found = _PROBE.search(newest["message"]) if newest else None
        return found[1] if found else ""

    def _of(self, uid: str, which: str) -> list[dict[str, Any]]:
        fields = f"involvedObject.uid={uid},{which}"
        command = ("get", "events", "--field-selector", fields, "--output", "json")
        try:
            return list(json.loads(self._kubectl.call(*command))["items"])
        except Trouble:
            return []


def _last_seen(event: dict[str, Any]) -> float:
    """Tell when an event happened last: old recorders and new ones keep that in other fields."""
    series = event.get("series") or {}
    known = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"))
    return unix_seconds(next(filter(None, known), event["metadata"]["creationTimestamp"]))
