"""Runs pods: a worker for each, and in it the container as a local process."""

import http.client
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from long_lived.lab.processes.child import Child, Processes

from . import kinds, logs, pods
from .container import Container, NotYet, container
from .kinds import Object
from .network import Network
from .objects import timestamp
from .store import Cluster, Refused

TICK_SECONDS = 0.1
PROBE_SECONDS = 0.2
PROBE_TIMEOUT_SECONDS = 1.0
KILL_SECONDS = 5.0

LEAST_GRACE_SECONDS = 2.0
"""What a pod gets even if it is deleted by force, without any grace. Source: kubernetes
pkg/kubelet/kuberuntime/kuberuntime_manager.go, minimumGracePeriodInSeconds."""

NOWHERE = "nowhere"
"""Part of the name of an image that cannot be pulled."""


class Run:
    """The run of a container, which is never restarted."""

    def __init__(self, processes: Processes, name: str, made: Container) -> None:
        """Start the process; its output goes to a log of this name."""
        self._processes = processes
        self.child: Child = processes.start(name, made.command, made.environment)
        self.started_at = timestamp()
        self.ended = threading.Event()
        self.signalled: float | None = None

    def end(self, grace_seconds: float) -> None:
        """Ask the process to end, and kill it when its grace is over."""
        if self.signalled is None:
            self.signalled = time.monotonic()
            self.child.signal(signal.SIGTERM)
        elif time.monotonic() - self.signalled > grace_seconds:
            self.kill()

    def end_soon(self, stopped: threading.Event) -> None:
        """Give the process the minimum grace, unless the cluster has `stopped`."""
        while self.child.status is None and not stopped.is_set():
            self.end(LEAST_GRACE_SECONDS)
            stopped.wait(TICK_SECONDS / 2)

    def kill(self) -> None:
        """Kill the whole group, including workers that outlived the process."""
        self._processes.stop([self.child], signal.SIGKILL, KILL_SECONDS)

    def last_state(self, status: int) -> Object:
        """Return the state of the container once the process has ended with this status."""
        code = status if status >= 0 else 128 - status
        reason = "Error" if code else "Completed"
        times = {"startedAt": self.started_at, "finishedAt": timestamp()}
        return {"terminated": {"exitCode": code, "reason": reason, **times}}


class Worker:
    """One pod, from its scheduling to its removal."""

    def __init__(self, kubelet: "Kubelet", pod: Object, address: str) -> None:
        """Start a thread that does all the rest."""
        self._kubelet = kubelet
        self._pod = pod
        self._address = address
        metadata = pod["metadata"]
        self._folder = kubelet.folder / f"{metadata['namespace']}.{metadata['name']}"
        self._start_at = time.monotonic() + kubelet.start_delay_seconds
        self._container: Container | None = None
        self._state: Object = {"waiting": {"reason": "ContainerCreating"}}
        self._ready = False
        self._probe_at = 0.0
        self.run: Run | None = None
        self.thread = threading.Thread(target=self._live, name=f"pod {metadata['name']}")
        self.thread.start()

    def _live(self) -> None:
        path = kinds.path_of(self._pod)
        try:
            while not self._kubelet.stopped.wait(TICK_SECONDS):
                pod = self._kubelet.cluster.objects.get(path)
                if pod is None or pod["metadata"]["uid"] != self._pod["metadata"]["uid"]:
                    return
                self._pod = pod
                if self._sync():
                    self._kubelet.cluster.remove(pod)
                    return
                self._report()
        finally:
            if self.run:
                self.run.end_soon(self._kubelet.stopped)
                self.run.kill()
                self.run.ended.set()

    def _sync(self) -> bool:
        """Bring the process into line with the object; tell whether the pod can be removed."""
        leaving = pods.is_leaving(self._pod)
        run = self.run
        if run is None or run.ended.is_set():
            if not leaving and run is None and time.monotonic() >= self._start_at:
                self._start()
            return leaving
        if leaving:
            run.end(self._pod["metadata"]["deletionGracePeriodSeconds"])
        status = run.child.status
        if status is not None:
            self._note_end(run, status)
        elif not self._ready and time.monotonic() >= self._probe_at:
            self._ready = self._probe()
            self._probe_at = time.monotonic() + PROBE_SECONDS
        return False

    def _start(self) -> None:
        try:
            image, kubelet = pods.own_container(self._pod)["image"], self._kubelet
            if NOWHERE in image:
                raise NotYet("ImagePullBackOff")
            self._container = container(
                kubelet.cluster, kubelet.network, self._pod, self._address, self._folder
            )
        except NotYet as reason:
            self._state = {"waiting": {"reason": str(reason)}}
            return
        self._folder.mkdir(exist_ok=True)
        self.run = Run(kubelet.processes, self._folder.name, self._container)
        self._state = {"running": {"startedAt": self.run.started_at}}

    def _note_end(self, run: Run, status: int) -> None:
        run.kill()  # the rest of its group, which might still write to the log
        run.ended.set()
        self._ready = False
        self._state = run.last_state(status)

    def _probe(self) -> bool:
        """Tell whether the container is ready, which it stays until its end."""
        probed = self._container and self._container.probed
        if not probed:
            return True
        address, port, path = probed
        connection = http.client.HTTPConnection(address, port, timeout=PROBE_TIMEOUT_SECONDS)
        try:
            connection.request("GET", path, headers={"Connection": "close"})
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _report(self) -> None:
        """Write the status; nothing is stored unless something changed."""
        phase = "Running" if self.run else "Pending"
        if "terminated" in self._state:
            phase = "Failed" if self._state["terminated"]["exitCode"] else "Succeeded"
        own = {
            "ready": self._ready,
            "restartCount": 0,
            "state": self._state,
        }
        status = pods.status(self._pod, phase, self._address, own)
        self._kubelet.cluster.change(self._pod, lambda pod: pod.update(status=status))


class Kubelet:
    """All pods of the cluster."""

    def __init__(
        self,
        cluster: Cluster,
        network: Network,
        processes: Processes,
        folder: Path,
        start_delay_seconds: float,
    ) -> None:
        """Run pods with `processes`, each so long after it was made; files go to `folder`."""
        self.cluster = cluster
        self.network = network
        self.processes = processes
        self.folder = folder
        self.start_delay_seconds = start_delay_seconds
        self.stopped = threading.Event()
        self._workers: dict[str, Worker] = {}

    def reconcile(self) -> None:
        """Start a worker for each new pod. The caller holds the cluster's lock."""
        for pod in self.cluster.all("Pod"):
            if pod["metadata"]["uid"] not in self._workers:
                address = self.network.new_pod_address()
                self._workers[pod["metadata"]["uid"]] = Worker(self, pod, address)

    def worker(self, pod: Object) -> Worker | None:
        """Return the worker of a pod, if it has one."""
        return self._workers.get(pod["metadata"]["uid"])

    def stop(self) -> None:
        """Kill whatever runs, and wait for all workers."""
        self.stopped.set()
        for worker in self._workers.values():
            worker.thread.join()

    def log(self, pod: Object, query: dict[str, str]) -> Iterator[bytes]:
        """Return the log of a pod's container.

        Raises:
            Refused: for another container, or before it runs.
        """
        own, name = pods.own_container(pod)["name"], pod["metadata"]["name"]
        wanted, worker = query.get("container", own), self.worker(pod)
        if wanted != own:
            raise Refused(400, "BadRequest", f"container {wanted} is not valid for pod {name}")
        if not worker or not worker.run:
            text = f'container "{own}" in pod "{name}" is waiting to start: ContainerCreating'
            raise Refused(400, "BadRequest", text)
        run = worker.run
        return logs.stream(
            run.child.log,
            lambda: run.ended.is_set() or self.cluster.stopped,
            follow=query.get("follow") == "true",
        )
