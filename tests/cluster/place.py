"""A cluster as a test uses it: through the real helm and kubectl, and by looking inside."""

import os
import subprocess
from pathlib import Path
from typing import Any

from tests.chart.conftest import CHART, ROOT, SHORT_LIVED, command
from tests.waiting import eventually

from .deployments import is_rolled_out
from .jobs import finished
from .kinds import Object
from .miniature import Miniature
from .pods import is_leaving

BOUND_SECONDS = 120
"""Longest wait for a command; reached only where something is broken."""
SERVER, JOB = "demo-long-lived-server", "demo-long-lived-client"


class Place:
    """A cluster, and the two commands that work on it."""

    def __init__(self, cluster: Miniature, kubeconfig: Path) -> None:
        """Have both commands use `kubeconfig`, and keep their caches beside it."""
        self.cluster = cluster
        self.environment = {
            **os.environ,
            "KUBECONFIG": str(kubeconfig),
            "KUBECACHEDIR": str(kubeconfig.parent / "cache"),
            **SHORT_LIVED,
        }

    def run(self, program: str, *arguments: str, given: str = "") -> tuple[int, str]:
        """Run a command; return its status and output."""
        done = subprocess.run(
            [command(program), *arguments],
            cwd=ROOT,
            input=given,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=BOUND_SECONDS,
            env=self.environment,
            check=False,
        )
        return done.returncode, done.stdout

    def kubectl(self, *arguments: str, given: str = "") -> str:
        """Run kubectl, which must succeed, and return its output."""
        status, output = self.run("kubectl", *arguments, given=given)
        assert status == 0, f"kubectl {arguments}: {output}"
        return output

    def helm(self, action: str, *flags: str, sets: tuple[str, ...] = ()) -> str:
        """Run helm on the release, which must succeed."""
        chart = [str(CHART)] if action in ("install", "upgrade") else []
        pairs = [part for pair in sets for part in ("--set", pair)]
        status, output = self.run("helm", action, "demo", *chart, *flags, *pairs)
        assert status == 0, f"helm {action}: {output}"
        return output

    def pods(self, component: str) -> dict[str, Object]:
        """Return the server's or client's pods that are not being deleted, by name."""
        return {
            pod["metadata"]["name"]: pod
            for pod in self.cluster.all("Pod")
            if pod["metadata"]["labels"]["app.kubernetes.io/component"] == component
            and not is_leaving(pod)
        }

    def state(self, pod: str) -> Any:
        """Return the state of a pod's container, empty before there is one."""
        status = self.cluster.get("Pod", pod)["status"]
        return status.get("containerStatuses", [{"state": {}}])[0]["state"]

    def await_servers(self, count: int | None = None) -> None:
        """Wait until the Deployment is rolled out, to this number of pods if there is one."""

        def holds() -> bool:
            found = self.cluster.get("Deployment", SERVER)
            return is_rolled_out(found) and count in (None, found["spec"]["replicas"])

        eventually(holds)

    def await_look(self) -> None:
        """Wait until somebody who looks at the pods all the time has seen how they are now."""
        seen = self.cluster.listings
        # The first may have been on its way; whoever asks once more knows the answer before that.
        eventually(lambda: self.cluster.listings >= seen + 3)

    def await_job(self, revision: int, end: str = "Complete") -> None:
        """Wait until the Job of a revision has ended."""
        found = eventually(lambda: finished(self.cluster.get("Job", f"{JOB}-{revision}")))
        assert found == end

    def only_client(self) -> str:
        """Return the name of the client's only running pod."""
        eventually(lambda: self.pods("client"))
        (name,) = self.pods("client")
        eventually(lambda: "running" in self.state(name))
        return name

    def await_answers(self, revision: int = 1) -> None:
        """Wait until a client of a revision has got an answer."""
        eventually(
            lambda: any(
                "Response from Pod" in self.cluster.wrote(name)
                for name in self.pods("client")
                if name.startswith(f"{JOB}-{revision}-")
            )
        )
