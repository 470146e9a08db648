"""The whole miniature cluster: the API, the controllers, and the kubelet behind it."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from long_lived.lab.processes import Processes

from . import kinds, pods
from .api import serving
from .deployments import Deployments
from .jobs import Jobs
from .kinds import Object
from .kubelet import Kubelet, Run
from .network import Network
from .store import Cluster, Refused

IDLE_SECONDS = 0.2
START_DELAY_SECONDS = 0.5
"""Stands for the scheduling of a pod and the start of its image."""


class Miniature(Cluster):
    """A cluster whose pods run, with the mishaps that a test can cause."""

    kubelet: Kubelet

    def oom(self, pod: str) -> None:
        """Kill a pod's process as the kernel does where its memory is at the limit."""
        run = self._run(pod)
        run.killed_for_memory = True
        if run.child.status is None:
            os.killpg(run.child.pid, signal.SIGKILL)

    def truncate_log(self, pod: str) -> None:
        """Lose what a pod wrote until now, as a kubelet does that rotates the log twice."""
        os.truncate(self._run(pod).child.log, 0)

    def rewrite_log(self, pod: str, old: str, new: str) -> None:
        """Let a pod have written `new` instead of `old`, as another version of its image would."""
        log = self._run(pod).child.log
        log.write_text(log.read_text().replace(old, new))

    def break_image(self, part: str) -> None:
        """Let no container start from now on whose image's name contains `part`; empty mends."""
        self.kubelet.unpullable = part

    def forget(self, pod: str) -> None:
        """Take a pod away with its log and without any grace, as when its node is gone."""
        self.remove(self.get("Pod", pod))

    def process(self, pod: str) -> int:
        """Return the number of the process that a pod runs, or ran last."""
        return self._run(pod).child.pid

    def _run(self, pod: str) -> Run:
        worker = self.kubelet.worker(self.get("Pod", pod))
        if worker is None or not worker.runs:
            raise ValueError(f"pod {pod} has not started yet")
        return worker.runs[-1]

    def grace_of(self, found: Object, asked: int | None) -> int:
        """Return how long a pod may take to end; one that is over, or no pod, takes no time."""
        if found["kind"] != "Pod" or pods.is_over(found):
            return 0
        return found["spec"]["terminationGracePeriodSeconds"] if asked is None else asked

    def check_new(self, made: Object) -> None:
        """Refuse an object in a namespace that is not there."""
        namespace = made["metadata"].get("namespace")
        if namespace and kinds.BY_NAME["Namespace"].path("", namespace) not in self.objects:
            raise Refused(404, "NotFound", f'namespaces "{namespace}" not found')

    def log(self, pod: kinds.Place, query: dict[str, str]) -> Iterator[bytes]:
        """Return a pod's log."""
        return self.kubelet.log(self.find(pod), query)

    def collect_garbage(self) -> None:
        """Delete what belongs to an object that is gone. The caller holds the lock."""
        alive = {found["metadata"]["uid"] for found in self.objects.values()}
        for found in list(self.objects.values()):
            owners = {owner["uid"] for owner in found["metadata"].get("ownerReferences", [])}
            if owners and not owners & alive:
                self.delete(found)


def _control(cluster: Miniature, network: Network) -> None:
    """Let all controllers look at the objects whenever something changed, until the end."""
    deployments, jobs = Deployments(cluster), Jobs(cluster)
    while not cluster.stopped:
        with cluster.changed:
            seen = len(cluster.history)
            cluster.collect_garbage()
            deployments.reconcile()
            jobs.reconcile()
            network.reconcile()
            cluster.kubelet.reconcile()
            if len(cluster.history) == seen and not cluster.stopped:
                cluster.changed.wait(IDLE_SECONDS)


@contextmanager
def running(
    folder: Path, version: str = "1.33.0", start_delay_seconds: float = START_DELAY_SECONDS
) -> Iterator[tuple[Miniature, Path]]:
    """Run a cluster with the namespace `default`; gives it and a kubeconfig for it.

    At the end, however it comes, none of its processes and threads is left.
    """
    cluster = Miniature(version)
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}}
    cluster.put(namespace | {"status": {"phase": "Active"}})
    pods_folder = folder / "pods"
    pods_folder.mkdir()
    with ExitStack() as stack:
        processes = stack.enter_context(Processes(pods_folder))
        network = stack.enter_context(Network(cluster, pods_folder).open())
        cluster.kubelet = Kubelet(cluster, network, processes, pods_folder, start_delay_seconds)
        stack.callback(cluster.kubelet.stop)
        controllers = threading.Thread(target=_control, args=(cluster, network))
        controllers.start()
        stack.callback(controllers.join)
        stack.callback(cluster.stop)
        yield cluster, stack.enter_context(serving(cluster, folder))
