"""The experiment on one machine: replicas and clients as processes.

The lab waits in one loop that looks at everything a few times a second; a signal
only sets a flag, which the loop sees. So every step can be stopped, and what was
measured until then is kept.
"""

import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from client.exchange import READ_MARGIN_SECONDS
from client.summary import merge
from lab.logs import Tail, moment
from lab.observation import Moment, Observation
from lab.processes import Child, Processes
from lab.replicas import Replica, Service
from lab.results import write_values
from settings import Settings

TICK_SECONDS = 0.2
CLIENT_PROGRESS_SECONDS = 1
CLIENT_STOP_SECONDS = 15.0
"""How long a client may take to write its summary after a signal."""
SERVER_STOP_SECONDS = 5.0
"""How long replicas may take to end after the run: gunicorn lingers 2 s for kept connections."""
START_MARGIN_SECONDS = 300.0
"""What a client may take to start all its users: 67 s were measured for 10,000 threads on
CPython 3.11, on two busy cores."""


class LocalRun:
    """One run of the experiment on this machine."""

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        show: Callable[[Moment], None],
        stop_signal: Callable[[], int | None],
    ) -> None:
        """Prepare a run that leaves its files in `folder`.

        `show` is told several times a second how the run stands; `stop_signal` tells the
        number of the signal that asks the lab to stop, or None.
        """
        self._settings = settings
        self._folder = folder
        self._show = show
        self._stop_signal = stop_signal
        self._seen = Observation()
        self._tails: list[Tail] = []

    def run(self) -> Observation:
        """Start everything, wait for the clients, and stop everything, whatever happens."""
        with Processes(self._folder) as processes:
            # The clients get the url, which is not known before the port is, as a flag.
            service = Service(processes, write_values(self._folder, self._settings))
            try:
                self._serve_and_load(processes, service)
            finally:
                service.close()
        self._seen.stopped_by = self._stop_signal()
        return self._seen

    def _serve_and_load(self, processes: Processes, service: Service) -> None:
        settings = self._settings
        replicas = [service.start_replica() for _ in range(settings.server.replicas)]
        self._seen.replicas = [replica.name for replica in replicas]
        self._show(Moment(0, 0, 0, 0, {}, f"starting {len(replicas)} replicas"))
        problem = service.await_ready(
            replicas, settings.client.readiness.timeout_seconds, self._pause, time.monotonic
        )
        if problem:
            self._seen.problems.append(problem)
        if problem or self._stop_signal():
            return
        clients = [
            self._start_client(processes, service, n) for n in range(settings.client.parallelism)
        ]
        self._tails = [Tail(client.log) for client in clients]
        self._await_clients(processes, clients, replicas)
        self._collect(clients, replicas)
        processes.stop([replica.child for replica in replicas], signal.SIGTERM, SERVER_STOP_SECONDS)

    def _start_client(self, processes: Processes, service: Service, index: int) -> Child:
        command = [
            *(sys.executable, "-m", "client", "--values", str(self._folder / "values.yaml")),
            *("--set", f"client.url={service.url}"),
            *("--source-address", f"127.0.0.{2 + index}"),
            *("--progress-seconds", str(CLIENT_PROGRESS_SECONDS)),
        ]
        return processes.start(f"client-{index + 1}", command)

    def _await_clients(
        self, processes: Processes, clients: list[Child], replicas: list[Replica]
    ) -> None:
        """Wait until all clients have ended: by themselves, by our signal, or at the bound."""
        deadline = time.monotonic() + longest_run_seconds(self._settings)
        crashed: set[str] = set()
        while any(client.status is None for client in clients):
            self._report()
            for replica in replicas:
                if replica.child.status is not None and replica.name not in crashed:
                    crashed.add(replica.name)
                    self._seen.problems.append(
                        f"{replica.name} ended in the middle of the run with status "
                        f"{replica.child.status}: {replica.child.last_words(1)}"
                    )
            if time.monotonic() > deadline:
                self._seen.problems.append(
                    "the clients did not end in the time that the settings allow"
                )
            if time.monotonic() > deadline or self._stop_signal():
                processes.stop(clients, self._stop_signal() or signal.SIGTERM, CLIENT_STOP_SECONDS)
            time.sleep(TICK_SECONDS)
        self._report()

    def _collect(self, clients: list[Child], replicas: list[Replica]) -> None:
        """Gather the clients' summaries and the replicas' own counts."""
        summaries = []
        for client, tail in zip(clients, self._tails, strict=True):
            if tail.log.summary is None:
                self._seen.problems.append(
                    f"{client.name} left no summary (status {client.status}): "
                    f"{client.last_words(1)}"
                )
            else:
                summaries.append(tail.log.summary)
            tail.close()
        if summaries:
            self._seen.summary = merge(summaries)
        for replica in replicas:
            counts = replica.counts()
            if counts is not None:
                self._seen.server_counts[replica.name] = counts

    def _report(self) -> None:
        for tail in self._tails:
            tail.read()
        self._show(moment([tail.log for tail in self._tails], self._seen.replicas))

    def _pause(self) -> bool:
        time.sleep(TICK_SECONDS)
        return self._stop_signal() is not None


def longest_run_seconds(settings: Settings) -> float:
    """Tell how long a client can take at the most, from its start to its summary."""
    client = settings.client
    read = client.timeouts.read_seconds or settings.server.delay.max_seconds + READ_MARGIN_SECONDS
    request = client.timeouts.connect_seconds + read
    if client.duration_seconds > 0:
        load = client.duration_seconds + request
    else:
        load = client.requests_per_user * (request + client.think_time.max_seconds)
    return START_MARGIN_SECONDS + client.readiness.timeout_seconds + client.ramp_up_seconds + load
