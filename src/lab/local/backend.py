"""The backend on one machine: replicas and clients as processes."""

import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from long_lived.lab.experiment.backend import Signal, Trouble
from long_lived.lab.experiment.deadline import longest_run_seconds
from long_lived.lab.experiment.moment import Moment
from long_lived.lab.experiment.outcome import Outcome
from long_lived.lab.experiment.results import VALUES, write_values
from long_lived.lab.local import haproxy
from long_lived.lab.local.addresses import client_addresses
from long_lived.lab.local.foreign import ForeignService
from long_lived.lab.local.proxy import Proxy
from long_lived.lab.local.service import Service, balanced_by_hash
from long_lived.lab.local.targets import METRICS, Targets
from long_lived.lab.local.turnover import Turnover
from long_lived.lab.logs.client_log import Tail, moment
from long_lived.lab.logs.recovery import recovered
from long_lived.lab.logs.saved import infer
from long_lived.lab.processes.child import Child, Processes, python
from long_lived.record.merge import merge
from long_lived.resources.processor import assign_processor
from long_lived.server.runtimes import RUNTIMES
from long_lived.server.runtimes.runtime import Unavailable
from long_lived.settings import Settings

CLIENT_PROGRESS_SECONDS = 1
CLIENT_STOP_SECONDS = 15.0
"""How long a client may take to write its summary after a signal."""
SERVER_STOP_SECONDS = 5.0
"""How long replicas may take to end after the run: gunicorn lingers 2 s for kept connections."""


class LocalBackend:
    """Processes that share one port, and clients with source addresses of their own."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        """Prepare a run that leaves its files in `folder`."""
        self._settings = settings
        self._folder = folder
        self._processes = Processes(folder)
        self._clients: list[Child] = []
        self._tails: list[Tail] = []
        self._problems: list[str] = []
        self._proxy: Proxy | None = None
        self._own: Service | None = None
        self._targets: Targets | None = None
        self._chooses = settings.client.balancing == "headless"

    def __enter__(self) -> Self:
        """Reserve the port."""
        self._processes.__enter__()
        settings = self._settings
        if settings.metrics.enabled:
            self._targets = Targets(self._folder / METRICS)
        if settings.server.enabled:
            self._own = Service(self._processes, self._folder / VALUES, settings, self._targets)
        self._service = self._own or ForeignService(settings.client.url)
        return self

    def __exit__(self, *_: object) -> None:
        """End all processes and give the port back."""
        self._processes.__exit__()
        self._service.close()
        if self._proxy:
            self._proxy.close()
        if self._targets:
            self._targets.close()
        for tail in self._tails:
            tail.close()

    def start(self, tell: Callable[[str], None]) -> None:
        """Start the replicas."""
        settings = self._settings
        # The clients are given the url as a flag: it is known only now that the port is.
        write_values(self._folder, settings)
        if self._targets:
            tell(f"metrics at port {self._targets.port} of each address in {self._targets.file}")
        if self._own is None:
            return
        try:
            RUNTIMES[settings.server.runtime].provide(tell)
            if settings.server.proxy == "haproxy":
                haproxy.program(install=True, tell=tell)
        except Unavailable as error:
            raise Trouble(str(error)) from None
        tell(f"starting {settings.server.replicas} replicas")
        self._own.start()
        if settings.server.proxy != "none":
            self._proxy = Proxy(self._processes, self._folder, settings, self._own.port)

    def ready(self) -> bool:
        """Tell whether all replicas are ready, and the proxy has found them."""
        return self._service.ready() and (self._proxy is None or self._proxy.ready())

    def load(self) -> None:
        """Start the clients."""
        if self._chooses and self._own:
            self._own.publish()
        self._clients = [self._start_client(n) for n in range(self._settings.client.parallelism)]
        self._tails = [Tail(client.log) for client in self._clients]

    def look(self) -> Moment:
        """Read the clients' logs, and follow the replicas."""
        for tail in self._tails:
            tail.read()
        # A step that is tried again fails in the same words: they are told once.
        found = [*self._service.look(), *(self._proxy.problems() if self._proxy else ())]
        self._problems = list(dict.fromkeys([*self._problems, *found]))
        if self._chooses and self._own:
            self._own.publish()
        logs = [tail.log for tail in self._tails]
        begun = self._own.turnover.begun if self._own else ()
        return moment(logs, self._service.names(), begun, self._settings.client.duration_seconds)

    def running(self) -> bool:
        """Tell whether a client still runs."""
        return any(client.status is None for client in self._clients)

    def longest_seconds(self) -> float:
        """Tell how long a client may take, from its start to its summary."""
        return longest_run_seconds(self._settings)

    def stop(self, number: int) -> None:
        """Signal the clients, and wait until they have written their summaries."""
        self._processes.stop(self._clients, number, CLIENT_STOP_SECONDS)

    def collect(self) -> Outcome:
        """Gather the clients' summaries and the replicas' own counts, and end the replicas."""
        if self.running():  # after trouble: what they did must not be lost
            self.stop(signal.SIGTERM)
        counts = self._service.counts()
        seen = Outcome(
            replicas=self._service.names(),
            changes=self._own.turnover.changes if self._own else [],
            server_counts=counts,
            proxy_cpu_seconds=self._proxy.child.cpu_seconds if self._proxy else None,
            problems=self._problems,
            remarks=balanced_by_hash(counts),
        )
        summaries = []
        for client, tail in zip(self._clients, self._tails, strict=True):
            tail.read()
            summary = tail.log.summary
            if summary is None:
                why = f"{client.name} left no summary (status {client.status})"
                summary = recovered(client.lines(), self._settings, f"{why}: its log was counted")
                if summary is None:
                    seen.problems.append(f"{why}: {client.last_words(1)}")
            if summary is not None:
                summaries.append(summary)
        if summaries:
            seen.summary = merge(summaries)
            if self._own is None:
                infer(seen, seen.summary)
        children = [*self._service.children(), *([self._proxy.child] if self._proxy else [])]
        self._processes.stop(children, signal.SIGTERM, SERVER_STOP_SECONDS)
        return seen

    def clock_started_unix_seconds(self) -> float | None:
        """Tell when the last client started its clock, which is ours."""
        starts = [tail.log.clock_started_unix_seconds for tail in self._tails]
        known = [at for at in starts if at is not None]
        return max(known) if known and len(known) == len(starts) else None

    def serving(self) -> list[str]:
        """List the replicas that serve, oldest first."""
        return self._service.serving()

    def restart(self, replicas: Sequence[str], how: Signal) -> None:
        """Stop replicas as a cluster would; a new one replaces each."""
        self._turnover.restart(replicas, how)

    def crash(self, replicas: Sequence[str]) -> None:
        """Kill replicas; each comes back as a container does."""
        self._turnover.crash(replicas)

    def add(self, count: int) -> None:
        """Ask for more replicas."""
        self._turnover.add(count)

    def remove(self, count: int) -> None:
        """Stop the newest replicas for good."""
        self._turnover.remove(count)

    def roll_out(self) -> None:
        """Replace all replicas as a Deployment does."""
        self._turnover.roll_out()

    def settled(self) -> bool:
        """Tell whether everything that was begun is over."""
        return self._own is None or self._turnover.settled()

    @property
    def _turnover(self) -> Turnover:
        """What happens to replicas of ours: settings refuse any event for others."""
        assert self._own is not None, "refused by the settings"
        return self._own.turnover

    def _start_client(self, index: int) -> Child:
        url = self._proxy.url if self._proxy else self._service.url
        command = python(
            *("long_lived.client", "--values", str(self._folder / VALUES)),
            *("--set", f"client.url={url}"),
            *("--progress-seconds", str(CLIENT_PROGRESS_SECONDS)),
        )
        addresses = client_addresses(index, self._settings.client.concurrency)
        if self._own:
            for address in addresses:
                command += ["--source-address", address]
        name = f"client-{index + 1}"
        if self._targets:
            command += self._targets.flags("client", name, addresses[0])
        if self._chooses and self._own:
            command += ["--addresses", str(self._own.addresses)]
        # As an Indexed Job on a cluster tells its pods apart: by that their draws differ.
        environment = {"JOB_COMPLETION_INDEX": str(index)}
        child = self._processes.start(name, command, environment)
        if self._settings.client.engine == "threads" and self._settings.client.parallelism > 1:
            assign_processor(child.pid, index)
        return child
