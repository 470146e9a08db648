"""The whole miniature cluster: the API, the controllers, and the kubelet behind it."""

import http.client
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from long_lived.lab.cluster.servers.kill import kill_command
from long_lived.lab.processes.child import Processes

from . import kinds, pods
from .api import serving
from .deployments import Deployments
from .jobs import Jobs
from .kinds import Object
from .kubelet import Kubelet, Run
from .network import Network
from .store import Cluster, Refused

IDLE_SECONDS = 0.2
PROXY_SECONDS = 5.0
START_DELAY_SECONDS = 0.5
"""Stands for the time to schedule a pod and start its image."""


class Miniature(Cluster):
    """A cluster whose pods run."""

    kubelet: Kubelet
    network: Network

    def process(self, pod: str) -> int:
        """Return the pid of the process that a pod runs, or ran."""
        return self._run(pod).child.pid

    def wrote(self, pod: str) -> str:
        """Return what a pod has written so far."""
        worker = self.kubelet.worker(self.get("Pod", pod))
        return worker.run.child.log.read_text() if worker and worker.run else ""

    def _run(self, pod: str) -> Run:
        worker = self.kubelet.worker(self.get("Pod", pod))
        assert worker, f"pod {pod} has no worker"
        assert worker.run, f"pod {pod} has not started yet"
        return worker.run

    def log(self, pod: kinds.Place, query: dict[str, str]) -> Iterator[bytes]:
        """Return a pod's log."""
        return self.kubelet.log(self.find(pod), query)

    def admit(self, made: Object) -> None:
        """Give a new Service its address."""
        if made["kind"] == "Service":
            self.network.assign_address(made)

    def proxy(self, pod: kinds.Place) -> bytes:
        """Return a pod's answer, asked at its own address."""
        name, _, port = pod.name.partition(":")
        found = self.find(replace(pod, name=name))
        address = found["status"]["podIP"]
        with self.changed:
            own = self.network.pod_port(address, int(port))
        path = pod.part.removeprefix("proxy")
        connection = http.client.HTTPConnection(address, own, timeout=PROXY_SECONDS)
        try:
            connection.request("GET", path, headers={"Connection": "close"})
            return connection.getresponse().read()
        except OSError as error:
            text = f"error trying to reach service: {error}"
            raise Refused(503, "ServiceUnavailable", text) from None
        finally:
            connection.close()

    def execute(self, pod: kinds.Place, query: dict[str, list[str]]) -> int:
        """Do in a pod what the lab's kill does there; refuse any other command.

        A pod has no process namespace here: the command itself would hit this machine's processes.
        """
        found, container = self.find(pod), query["container"][-1]
        if container != pods.own_container(found)["name"]:
            text = f"container {container} is not valid for pod {pod.name}"
            raise Refused(400, "BadRequest", text)
        if query["command"][:-1] != kill_command(0)[:-1]:
            return 127
        self._run(pod.name).child.kill()
        return 128 + signal.SIGKILL

    def collect_garbage(self) -> None:
        """Delete what belongs to an object that is gone. The caller holds the lock."""
        alive = {found["metadata"]["uid"] for found in self.objects.values()}
        for found in list(self.objects.values()):
            owners = {owner["uid"] for owner in found["metadata"].get("ownerReferences", [])}
            if owners and not owners & alive:
                self.delete(found)


def _control(cluster: Miniature, network: Network) -> None:
    """Let all controllers look at the objects after each change, until the end."""
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
    folder: Path, start_delay_seconds: float = START_DELAY_SECONDS
) -> Iterator[tuple[Miniature, Path]]:
    """Run a cluster; yield it and its kubeconfig.

    However the block ends, none of its processes and threads is left.
    """
    cluster = Miniature()
    pods_folder = folder / "pods"
    pods_folder.mkdir()
    with ExitStack() as stack:
        processes = stack.enter_context(Processes(pods_folder))
        network = stack.enter_context(Network(cluster, pods_folder).open())
        cluster.network = network
        cluster.kubelet = Kubelet(*(cluster, network, processes, pods_folder, start_delay_seconds))
        stack.callback(cluster.kubelet.stop)
        controllers = threading.Thread(target=_control, args=(cluster, network))
        controllers.start()
        stack.callback(controllers.join)
        stack.callback(cluster.stop)
        yield cluster, stack.enter_context(serving(cluster, folder))
