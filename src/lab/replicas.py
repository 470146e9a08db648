"""The server's replicas on one machine: processes that share one port.

SO_REUSEPORT makes the kernel pick a listener for each new connection by a hash of its
addresses and ports: random balancing by connection with no proxy in the path, as
kube-proxy does it. Each replica listens at an address of its own, too, as a pod has an
IP: there it can be asked whether it is ready, and what it counted.
"""

import socket
import string
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from lab.processes import Child, Processes

SERVICE_ADDRESS = "127.0.0.1"
PROBE_TIMEOUT_SECONDS = 5.0


class Unsupported(Exception):
    """This machine cannot balance connections over processes."""


def refuse_other_systems(platform: str = sys.platform) -> None:
    """Refuse a system whose kernel does not balance SO_REUSEPORT.

    Raises:
        Unsupported: any but Linux. macOS hands all connections to one listener.
    """
    if platform != "linux":
        raise Unsupported(
            f"{platform} does not balance connections over processes that share a port "
            "(SO_REUSEPORT): run the lab on Linux (a virtual machine or a container will do), "
            "or on a cluster: make install"
        )


def replica_name(index: int) -> str:
    """Name replica `index` (from 0): server-a, server-b, … server-z, server-aa."""
    letters = ""
    index += 1
    while index:
        index, digit = divmod(index - 1, 26)
        letters = string.ascii_lowercase[digit] + letters
    return f"server-{letters}"


class Replica:
    """One server process."""

    def __init__(self, name: str, address: str, port: int, child: Child) -> None:
        """Wrap a process that listens at the Service's address and at its own."""
        self.name = name
        self.child = child
        self._url = f"http://{address}:{port}"

    def ready(self) -> bool:
        """Tell whether it answers /readyz."""
        return self._get("/readyz") is not None

    def counts(self) -> dict[str, Any] | None:
        """Ask it what it counted; None where it does not answer."""
        answer = self._get("/stats")
        return None if answer is None else answer.json()

    def _get(self, path: str) -> requests.Response | None:
        with requests.Session() as session:
            session.trust_env = False
            try:
                answer = session.get(
                    self._url + path,
                    headers={"Connection": "close"},
                    timeout=PROBE_TIMEOUT_SECONDS,
                )
            except requests.RequestException:
                return None
        return answer if answer.status_code == 200 else None


class Service:
    """One port that replicas share. Reserved as long as this object is open."""

    def __init__(self, processes: Processes, values: Path) -> None:
        """Reserve a free port for replicas that read `values`."""
        self._processes = processes
        self._values = values
        # Bound but not listening: holds the port for us and takes no connections.
        self._reservation = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._reservation.bind((SERVICE_ADDRESS, 0))
        self.port: int = self._reservation.getsockname()[1]
        self.replicas: list[Replica] = []

    @property
    def url(self) -> str:
        """Address that clients use."""
        return f"http://{SERVICE_ADDRESS}:{self.port}/"

    def start_replica(self) -> Replica:
        """Start one more replica, with a name and an address that none had before."""
        index = len(self.replicas)
        name, address = replica_name(index), f"127.0.{1 + index // 250}.{1 + index % 250}"
        command = [
            *(sys.executable, "-m", "server", "--values", str(self._values), "--reuse-port"),
            *("--bind", f"{SERVICE_ADDRESS}:{self.port}", "--bind", f"{address}:{self.port}"),
        ]
        child = self._processes.start(name, command, {"POD_ID": name})
        replica = Replica(name, address, self.port, child)
        self.replicas.append(replica)
        return replica

    def await_ready(
        self,
        waiting: list[Replica],
        seconds: float,
        pause: Callable[[], bool],
        now: Callable[[], float],
    ) -> str | None:
        """Wait until all of `waiting` are ready; return what is wrong, if anything is.

        `pause` waits a little and tells whether to give up.
        """
        deadline = now() + seconds
        waiting = list(waiting)
        while waiting:
            for replica in list(waiting):
                if replica.child.status is not None:
                    return f"{replica.name} did not start: {replica.child.last_words(1)}"
                if replica.ready():
                    waiting.remove(replica)
            if waiting and now() > deadline:
                return f"{waiting[0].name} was not ready within {seconds:g} s"
            if waiting and pause():
                return None
        return None

    def close(self) -> None:
        """Give the port back."""
        self._reservation.close()
