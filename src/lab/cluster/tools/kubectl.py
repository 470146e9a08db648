"""kubectl, in one namespace of one cluster."""

import json
import os
from dataclasses import dataclass
from typing import Any

from long_lived.lab.cluster.tools.program import call, program
from long_lived.lab.experiment.backend import Trouble

AT_ONCE = 16
"""How many calls run at a time, where each is for one pod."""

CALL_SECONDS = 60.0
"""Longest wait for one call: an API server that does not answer in that time is gone."""


@dataclass(frozen=True)
class Place:
    """A namespace of a cluster: nothing outside it is touched."""

    namespace: str
    context: str = ""
    """Empty means kubectl's current context, which is never changed, or that of the pod itself."""


class Kubectl:
    """kubectl in one place."""

    def __init__(self, place: Place) -> None:
        """Find kubectl and the context.

        Raises:
            Trouble: one of them is missing.
        """
        self._program = program("kubectl")
        self.context = place.context or self._current_context()
        context = ["--context", self.context] if self.context else []
        self._where = [*context, "--namespace", place.namespace]

    @property
    def cluster(self) -> str:
        """Say which cluster that is."""
        return f"context {self.context}" if self.context else "the cluster of this pod"

    def command(self, *arguments: str) -> list[str]:
        """Return a command line."""
        return [self._program, *self._where, *arguments]

    def call(self, *arguments: str) -> str:
        """Run kubectl and return what it prints.

        Raises:
            Trouble: it failed, or took too long.
        """
        return call(self.command(*arguments), CALL_SECONDS)

    def items(self, kinds: str, labels: str) -> list[dict[str, Any]]:
        """Return the objects of `kinds` with `labels`.

        Raises:
            Trouble: kubectl failed.
        """
        listed = json.loads(self.call("get", kinds, "--selector", labels, "--output", "json"))
        return list(listed["items"])

    def _current_context(self) -> str:
        try:
            return call([self._program, "config", "current-context"], CALL_SECONDS).strip()
        except Trouble:
            # In a pod kubectl and helm take its service account. Source: client-go, rest/config.go.
            if os.environ.get("KUBERNETES_SERVICE_HOST"):
                return ""
            raise Trouble(
                "no Kubernetes context is set: choose one with --context (CONTEXT=), or with "
                "kubectl config use-context"
            ) from None
