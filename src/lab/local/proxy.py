"""The proxy of a run on one machine: a real HAProxy that balances each request.

It listens at an address of its own on the Service's port, and knows every address that a replica of
the run can get, now or after an event: its health checks find out where one answers. On a cluster
the same file of settings (the chart's files/haproxy.cfg) does the same.
"""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from long_lived.client.users.request import read_timeout_seconds
from long_lived.lab.experiment.backend import Trouble
from long_lived.lab.local import haproxy
from long_lived.lab.local.replica import Probe, replica_address, replica_name
from long_lived.lab.processes.child import Processes
from long_lived.resources.limits import open_files
from long_lived.settings import Settings, SettingsError
from long_lived.settings.places import HAPROXY_SETTINGS

PROXY_ADDRESS = "127.0.255.1"

REPLICAS = "haproxy-replicas.cfg"

ANSWER_MARGIN_SECONDS = 30
"""How much longer than a client the proxy waits for an answer: the client is to give up first."""

CONNECTION_MARGIN = 100
"""Connections beyond one for each user: those that are being replaced."""

FILES_PER_CONNECTION = 2
"""A client's, and the one to a replica."""

FILES_MARGIN = 100
"""Listener, log, event loop; the checks need one for each replica besides."""


def refuse_what_the_proxy_cannot_do(settings: Settings) -> None:
    """Refuse more users than the proxy may hold.

    Raises:
        SettingsError: the text is one line.
    """
    if settings.server.proxy == "none":
        return
    limit, users = open_files().hard, settings.client.concurrency * settings.client.parallelism
    if limit is not None and (most := most_users(limit, slots(settings))) < users:
        raise SettingsError(
            f"client.concurrency x client.parallelism = {users}: must be at most {most} with "
            f"server.proxy = haproxy, which needs {FILES_PER_CONNECTION} open files for each and "
            f"may have {limit} (ulimit -Hn)"
        )


def most_users(files: int, replicas: int) -> int:
    """Return how many users a proxy with so many open files can hold connections for."""
    return (files - FILES_MARGIN - replicas) // FILES_PER_CONNECTION - CONNECTION_MARGIN


def slots(settings: Settings) -> int:
    """Return how many replicas a run can have had at its end: the first, and all that follow."""
    return 2 * (settings.server.replicas or 0) + settings.experiment.event.count


def backend(port: int, count: int) -> Sequence[str]:
    """Return the section of HAProxy's settings that names the first `count` replicas."""
    names = [f"{replica_name(index)} {replica_address(index)}:{port}" for index in range(count)]
    return ["backend replicas", *[f"    server {name}" for name in names]]


class Proxy:
    """HAProxy in front of the replicas, a child of the lab."""

    def __init__(self, processes: Processes, folder: Path, settings: Settings, port: int) -> None:
        """Start it; its log and its list of replicas lie in `folder`.

        Raises:
            Trouble: it cannot be started.
        """
        self.url = f"http://{PROXY_ADDRESS}:{port}/"
        lines = backend(port, slots(settings))
        (folder / REPLICAS).write_text("\n".join(lines) + "\n", encoding="utf-8")
        command = [str(haproxy.program()), "-db"]
        for file in (HAPROXY_SETTINGS, folder / REPLICAS):
            command += ["-f", str(file)]
        replicas = settings.server.replicas
        environment = {
            "PROXY_BIND": f"{PROXY_ADDRESS}:{port}",
            "PROXY_MAX_CONNECTIONS": str(_most_connections(settings)),
            "PROXY_ANSWER_SECONDS": f"{read_timeout_seconds(settings) + ANSWER_MARGIN_SECONDS:.0f}",
            # Not before its checks have found out at which addresses nobody listens yet.
            "PROXY_READY_REPLICAS": f"{replicas}:{replicas}",
        }
        self.child = processes.start("proxy", command, environment)
        self._asking = ThreadPoolExecutor(1, thread_name_prefix="proxy")
        self._probe = Probe((PROXY_ADDRESS, port), "/proxy-ready", self._asking)
        self._patience_seconds = settings.client.readiness.timeout_seconds
        self._deadline = time.monotonic() + self._patience_seconds

    def ready(self) -> bool:
        """Tell whether it balances over exactly the replicas that serve; never blocks.

        Raises:
            Trouble: it has ended, or takes longer than `client.readiness.timeoutSeconds`.
        """
        if self.child.status is not None:
            raise Trouble(f"the proxy did not start: {self.child.last_words(1)}")
        if self._probe.answered():
            return True
        if time.monotonic() > self._deadline:
            raise Trouble(f"the proxy was not ready within {self._patience_seconds:g} s")
        return False

    def problems(self) -> list[str]:
        """Say that it has ended, as it must not before the run does."""
        if self.child.status is None:
            return []
        return [
            f"the proxy ended in the middle of the run with status {self.child.status}: "
            f"{self.child.last_words(1)}"
        ]

    def close(self) -> None:
        """Ask it no more."""
        self._asking.shutdown(wait=False, cancel_futures=True)


def _most_connections(settings: Settings) -> int:
    return settings.client.concurrency * settings.client.parallelism + CONNECTION_MARGIN
