"""The server's replicas on one machine: processes that share one port.

SO_REUSEPORT makes the kernel pick a listener for each new connection, at random where it accepts
the replicas' filter: connections are balanced as kube-proxy balances them, with no proxy in the
path. Each replica also listens at an address of its own, as a pod has an IP: there the lab asks
whether it is ready, and what it counted.
"""

import socket
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from long_lived.lab.experiment.backend import Trouble
from long_lived.lab.local.balancer import Balancer, listening
from long_lived.lab.local.replica import Replica, replica_address, replica_name
from long_lived.lab.local.targets import Targets
from long_lived.lab.local.turnover import Turnover
from long_lived.lab.processes.child import Child, Processes, python
from long_lived.record.replica_counts import ReplicaCounts
from long_lived.settings import Settings

SERVICE_ADDRESS = "127.0.0.1"

QUESTIONS = 16
"""How many replicas are asked at a time."""


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


def balanced_by_hash(counts: Mapping[str, ReplicaCounts]) -> list[str]:
    """Remark on a kernel that refused to choose among the replicas at random."""
    names = [name for name, own in counts.items() if own.balanced_at_random is False]
    if not names:
        return []
    return [
        f"the kernel did not choose at random among the replicas but by its hash "
        f"({', '.join(names)}): connections that a client opens while it holds thousands, as after "
        "a restart, are not spread evenly"
    ]


class Service:
    """One port that replicas share, reserved until `close`.

    What happens to the replicas in the middle of a run is `turnover`.
    """

    def __init__(
        self,
        processes: Processes,
        values: Path,
        settings: Settings,
        targets: Targets | None = None,
    ) -> None:
        """Reserve a free port for replicas that read `values`, and list their metrics."""
        self._targets = targets
        self._processes = processes
        self._values = values
        self._settings = settings
        # Bound but not listening: holds the port for us and takes no connections.
        self._reservation = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._reservation.bind((SERVICE_ADDRESS, 0))
        self.port: int = self._reservation.getsockname()[1]
        self._replicas: dict[str, Replica] = {}
        self._children: list[Child] = []
        self.turnover = Turnover(self._replicas, self._start_replica, settings)
        self._starting: list[Replica] = []
        self._deadline = 0.0
        self.addresses = values.with_name("addresses")
        self._published: list[tuple[str, int]] | None = None
        self._asking = ThreadPoolExecutor(QUESTIONS, thread_name_prefix="question")

    @property
    def url(self) -> str:
        """Address that clients use."""
        return f"http://{SERVICE_ADDRESS}:{self.port}/"

    def names(self) -> list[str]:
        """List all replicas that have ever run, in the order of their start."""
        return list(self._replicas)

    def serving(self) -> list[str]:
        """List the replicas that have not been stopped, oldest first."""
        return self.turnover.serving()

    def children(self) -> list[Child]:
        """List the processes of all replicas, also of those that came back as another."""
        return self._children

    def start(self) -> None:
        """Start all replicas.

        Raises:
            Trouble: one cannot be started.
        """
        replicas = self._settings.server.replicas
        assert replicas is not None, "refused by the commands"
        self._starting = [self._start_replica(None, first=True) for _ in range(replicas)]
        self._balancer = Balancer((SERVICE_ADDRESS, self.port), replicas)
        self._deadline = time.monotonic() + self._settings.client.readiness.timeout_seconds

    def ready(self) -> bool:
        """Tell whether all the replicas that `start` started are ready.

        Raises:
            Trouble: one has ended, or is not ready within `client.readiness.timeoutSeconds`.
        """
        for replica in list(self._starting):
            if replica.child.status is not None:
                raise Trouble(f"{replica.name} did not start: {replica.child.last_words(1)}")
            if replica.ready():
                self._starting.remove(replica)
        if self._starting and time.monotonic() > self._deadline:
            seconds = self._settings.client.readiness.timeout_seconds
            raise Trouble(f"{self._starting[0].name} was not ready within {seconds:g} s")
        return not self._starting

    def look(self) -> list[str]:
        """Follow the replicas, and what happens to them; return what went wrong."""
        heard = listening()
        self._balancer.look(heard.count((SERVICE_ADDRESS, self.port)))
        problems = self.turnover.look(heard)
        for replica in self._replicas.values():
            if not replica.stopped and replica.child.status is not None:
                replica.stopped = True
                problems.append(
                    f"{replica.name} ended in the middle of the run with status "
                    f"{replica.child.status}: {replica.child.last_words(1)}"
                )
        return problems

    def endpoints(self) -> list[tuple[str, int]]:
        """List where connections may go: addresses and ports of the ready replicas."""
        replicas = self._replicas.values()
        return [one.address for one in replicas if not one.stopped and one.ready()]

    def publish(self) -> None:
        """Write the endpoints for clients that choose among them, if they have changed."""
        endpoints = self.endpoints()
        if endpoints == self._published:
            return
        # Renamed, so that a client never reads half of it.
        draft = self.addresses.with_suffix(".new")
        draft.write_text("".join(f"{address} {port}\n" for address, port in endpoints))
        draft.replace(self.addresses)
        self._published = endpoints

    def counts(self) -> dict[str, ReplicaCounts]:
        """Ask the replicas that serve what they counted."""
        names = self.serving()
        found = self._asking.map(lambda name: self._replicas[name].counts(), names)
        return {name: own for name, own in zip(names, found, strict=True) if own is not None}

    def close(self) -> None:
        """Give the port back, once no replica runs any more."""
        self._asking.shutdown()
        self._reservation.close()

    def _start_replica(self, name: str | None, *, first: bool = False) -> Replica:
        """Start the replica of that name again, or one more.

        That has a name and an address that none has had. All but the `first` ones are known to
        the Service only after a while.
        """
        known = self._replicas.get(name or "")
        index = len(self._replicas)
        name = name or replica_name(index)
        address = known.address[0] if known else replica_address(index)
        shared, own = f"{SERVICE_ADDRESS}:{self.port}", f"{address}:{self.port}"
        lag_seconds = self._settings.experiment.event.service_lag_seconds
        joining = ("--bind", shared) if first else ("--join", shared, f"{lag_seconds:f}")
        command = python(
            *("long_lived.server", "--values", str(self._values), "--reuse-port"),
            *("--bind", own, *joining),
            *(self._targets.flags("server", name, address) if self._targets else ()),
        )
        child = self._processes.start(name, command, {"POD_ID": name})
        self._children.append(child)
        replica = self._replicas[name] = Replica(name, address, self.port, child, self._asking)
        return replica
