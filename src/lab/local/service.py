"""The server's replicas on one machine: processes that share one port.

SO_REUSEPORT makes the kernel pick a listener for each new connection, at random where it accepts
the replicas' filter: connections are balanced as kube-proxy balances them, with no proxy in the
path. Each replica also listens at an address of its own, as a pod has an IP: there the lab asks
whether it is ready, and what it counted.
"""

import signal
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from long_lived.lab.analysis.events.replacement import Replacement
from long_lived.lab.experiment.backend import RestartSignal, Trouble
from long_lived.lab.local.replica import Replica, replica_name
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

    A replica that is stopped is replaced as by a ReplicaSet: a new one, under a new name,
    starts `experiment.event.replacementSeconds` after the stop.
    """

    def __init__(self, processes: Processes, values: Path, settings: Settings) -> None:
        """Reserve a free port for replicas that read `values`."""
        self._processes = processes
        self._values = values
        self._settings = settings
        # Bound but not listening: holds the port for us and takes no connections.
        self._reservation = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._reservation.bind((SERVICE_ADDRESS, 0))
        self.port: int = self._reservation.getsockname()[1]
        self.replacements: list[Replacement] = []
        self._replicas: dict[str, Replica] = {}
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
        return [name for name, replica in self._replicas.items() if not replica.stopped]

    def children(self) -> list[Child]:
        """List the processes of all replicas."""
        return [replica.child for replica in self._replicas.values()]

    def start(self) -> None:
        """Start all replicas.

        Raises:
            Trouble: one cannot be started.
        """
        replicas = self._settings.server.replicas
        assert replicas is not None, "refused by the commands"
        self._starting = [self._start_replica() for _ in range(replicas)]
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

    def restart(self, names: Sequence[str], how: RestartSignal) -> None:
        """Begin to stop replicas; `look` does the rest."""
        for name in names:
            replica = self._replicas[name]
            replica.stopped = True
            self.replacements.append(Replacement(time.time(), old=name))
            if how == "kill":
                replica.child.kill()
            else:
                replica.child.signal(signal.SIGTERM)

    def look(self) -> list[str]:
        """Follow the replicas, and replace the stopped ones; return what went wrong."""
        problems = []
        for replacement in self.replacements:
            try:
                self._follow(replacement)
            except Trouble as trouble:  # tried again at the next look
                problems.append(str(trouble))
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
        return [one.endpoint for one in replicas if not one.stopped and one.ready()]

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

    def settled(self) -> bool:
        """Tell whether every stopped replica has a replacement that is ready."""
        return all(one.ready_unix_seconds is not None for one in self.replacements)

    def counts(self) -> dict[str, ReplicaCounts]:
        """Ask the replicas that serve what they counted."""
        names = self.serving()
        found = self._asking.map(lambda name: self._replicas[name].counts(), names)
        return {name: own for name, own in zip(names, found, strict=True) if own is not None}

    def close(self) -> None:
        """Give the port back, once no replica runs any more."""
        self._asking.shutdown()
        self._reservation.close()

    def _follow(self, replacement: Replacement) -> None:
        """Take the replacement of one stopped replica as far as it can go now."""
        plan, now = self._settings.experiment.event, time.time()
        if replacement.ended_unix_seconds is None and replacement.old:
            child = self._replicas[replacement.old].child
            if child.status is not None:
                replacement.ended_unix_seconds = now
            elif now > (
                replacement.stopped_unix_seconds + self._settings.server.grace_period_seconds
            ):
                child.kill()
        if replacement.new is None:
            if now >= replacement.stopped_unix_seconds + plan.replacement_seconds:
                replacement.new = self._start_replica().name
        elif replacement.ready_unix_seconds is None and self._replicas[replacement.new].ready():
            replacement.ready_unix_seconds = time.time()

    def _start_replica(self) -> Replica:
        """Start one more replica, under a name and at an address that none has had."""
        index = len(self._replicas)
        name, address = replica_name(index), f"127.0.{1 + index // 250}.{1 + index % 250}"
        command = python(
            *("long_lived.server", "--values", str(self._values), "--reuse-port"),
            *("--bind", f"{SERVICE_ADDRESS}:{self.port}", "--bind", f"{address}:{self.port}"),
        )
        child = self._processes.start(name, command, {"POD_ID": name})
        replica = self._replicas[name] = Replica(name, address, self.port, child, self._asking)
        return replica
