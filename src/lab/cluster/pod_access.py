"""What reaches into single pods: their logs, the servers' own counts, and their end."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from long_lived.lab.cluster.release import CLIENT, SERVER
from long_lived.lab.cluster.servers.kill import KILLED, kill_command
from long_lived.lab.cluster.tools.kubectl import AT_ONCE, Kubectl
from long_lived.lab.experiment.backend import Trouble
from long_lived.record.replica_counts import ReplicaCounts

STATS_TIMEOUT = "5s"
"""How long the API server may take to fetch one pod's counts."""


class PodAccess:
    """The pods of a namespace, by name."""

    def __init__(self, kubectl: Kubectl, namespace: str) -> None:
        """Reach them through `kubectl`."""
        self._kubectl = kubectl
        self._namespace = namespace

    def log(self, pod: str) -> str:
        """Return what is left of a client pod's log."""
        return self._kubectl.call("logs", pod, "--container", CLIENT)

    def follow(self, pod: str) -> list[str]:
        """Return the command that prints a client pod's log until its container ends."""
        return self._kubectl.command("logs", "--follow", pod, "--container", CLIENT)

    def counts(self, pods: Sequence[str], port: int) -> dict[str, ReplicaCounts]:
        """Return what the servers in pods say of themselves (GET /stats), by pod.

        The API server fetches it, so that nothing here has to reach the pods' network.

        Raises:
            Trouble: one of them cannot be reached.
        """
        with ThreadPoolExecutor(AT_ONCE) as askers:
            return dict(
                zip(pods, askers.map(lambda pod: self._stats(pod, port), pods), strict=True)
            )

    def delete(self, pods: Sequence[str], *flags: str) -> None:
        """Delete pods, if any, which get their grace period, and do not wait for their end."""
        if pods:  # kubectl refuses to delete nothing
            self._kubectl.call("delete", "pod", *pods, "--wait=false", *flags)

    def kill(self, pods: Sequence[str], port: int) -> list[str]:
        """Kill the servers in pods, and delete the pods; return a remark for each kill that failed.

        The pods are deleted in any case: for one that was not killed that is SIGTERM, and SIGKILL
        two seconds later.

        Raises:
            Trouble: the deletion failed.
        """
        failed = self.crash(pods, port)
        self.delete(pods, "--grace-period=0", "--force")
        return [
            f"not killed, but ended by SIGTERM and SIGKILL some 2 s later: {why}" for why in failed
        ]

    def crash(self, pods: Sequence[str], port: int) -> list[str]:
        """Kill the servers in pods, and leave the pods; say of each that was not killed why."""
        with ThreadPoolExecutor(AT_ONCE) as killers:
            said = list(killers.map(lambda pod: self._kill(pod, port), pods))
        return [why for why in said if why]

    def _kill(self, pod: str, port: int) -> str:
        """Kill the server in a pod; return why that failed, or nothing."""
        command = kill_command(port)
        try:
            self._kubectl.call("exec", pod, "--container", SERVER, "--", *command)
        except Trouble as trouble:
            return "" if KILLED in str(trouble) else f"{pod}: {trouble}"
        return f"{pod}: the server is still running"

    def _stats(self, pod: str, port: int) -> ReplicaCounts:
        path = f"/api/v1/namespaces/{self._namespace}/pods/{pod}:{port}/proxy/stats"
        answer = self._kubectl.call("get", "--raw", path, f"--request-timeout={STATS_TIMEOUT}")
        try:
            return ReplicaCounts.model_validate_json(answer)
        except ValueError:
            raise Trouble(f"{path} does not say what a server has counted") from None
