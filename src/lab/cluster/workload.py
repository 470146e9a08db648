"""A workload that is not ours, which is rolled out under load because the user asked for it."""

import json

from long_lived.lab.cluster.live.service import WORKLOADS, parse_target
from long_lived.lab.cluster.tools.kubectl import Kubectl
from long_lived.lab.experiment.backend import Trouble

ALLOWED = "must be deploy/NAME, statefulset/NAME or daemonset/NAME"


class Workload:
    """A Deployment, StatefulSet or DaemonSet."""

    def __init__(self, kubectl: Kubectl, text: str) -> None:
        """Find what `text` (KIND/NAME) names.

        Raises:
            Trouble: it names no workload, or one that is not there.
        """
        try:
            target = parse_target(text)
        except ValueError:
            raise Trouble(ALLOWED) from None
        if target.kind not in WORKLOADS[:-1]:  # a ReplicaSet has no rollout
            raise Trouble(ALLOWED)
        self._kubectl, self.name = kubectl, str(target)
        found = json.loads(kubectl.call("get", self.name, "--output", "json"))
        spec, status = found["spec"], found.get("status", {})
        self.replicas = int(spec.get("replicas", status.get("desiredNumberScheduled", 0)))

    def roll_out(self) -> None:
        """Replace all its pods, as its own strategy says.

        Raises:
            Trouble: kubectl failed.
        """
        self._kubectl.call("rollout", "restart", self.name)
