"""The backend on a Kubernetes cluster: a release of the chart, and the newest run in it.

Either the lab makes the run (`settings` are given: helm upgrade --install) or it attaches to
one that somebody else has made. The cluster keeps everything: servers and results stay until
the user takes the release away.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

from long_lived.lab.cluster.clients import ClientPods
from long_lived.lab.cluster.kubernetes_events import KubernetesEvents
from long_lived.lab.cluster.pod_access import PodAccess
from long_lived.lab.cluster.pod_logs import PodLogs
from long_lived.lab.cluster.release import Job, Release
from long_lived.lab.cluster.servers.restarts import Restarts
from long_lived.lab.cluster.servers.server_pods import WHOLE_SECOND, ServerPods
from long_lived.lab.cluster.servers.turnover import Turnover
from long_lived.lab.cluster.tools.helm import helm_install
from long_lived.lab.cluster.tools.kubectl import Kubectl, Place
from long_lived.lab.cluster.waiting import Waiting
from long_lived.lab.experiment.backend import Signal, Trouble
from long_lived.lab.experiment.deadline import longest_run_seconds
from long_lived.lab.experiment.events.registry import planned_events
from long_lived.lab.experiment.moment import Moment
from long_lived.lab.experiment.outcome import Outcome
from long_lived.lab.experiment.results import VALUES
from long_lived.lab.logs.client_log import moment
from long_lived.lab.logs.saved import infer
from long_lived.lab.processes.child import Processes
from long_lived.record.merge import merge_one_by_one
from long_lived.record.replica_counts import ReplicaCounts
from long_lived.record.summary import Summary
from long_lived.settings import Settings, SettingsError, load
from long_lived.settings.places import CHART

LOOK_SECONDS = 2.0
RESTART_LOOK_SECONDS = 0.5
"""How often kubectl is asked, and how often while replicas restart."""

LOG_SECONDS = 15.0
"""How long a log may go on after its pod has ended."""

STOP_SECONDS = 30.0
"""How long clients may take to write their summaries when they are told to stop."""


class ClusterBackend:
    """A release on a cluster."""

    def __init__(
        self,
        release: str,
        place: Place,
        folder: Path,
        settings: Settings | None = None,
        overrides: Sequence[str] = (),
        app: str = "",
    ) -> None:
        """Work on `release` (and `app` in it) in `place`; files go to `folder`.

        With `settings` a new run is made with the values file that lies in `folder`, and
        with `overrides` of the chart's own keys; without, the newest run is looked at.

        Raises:
            Trouble: kubectl or a context is missing.
        """
        kubectl = Kubectl(place)
        self._name = release
        self._place = Place(place.namespace, kubectl.context)
        self._folder = folder
        self._own = settings is not None
        self._settings = settings
        self._overrides = overrides
        events = KubernetesEvents(kubectl)
        self._release = Release(kubectl, release, place.namespace, app)
        self._access = PodAccess(kubectl, place.namespace)
        self._processes = Processes(folder)
        self._logs = PodLogs(self._access, self._processes, folder)
        self._clients = ClientPods(self._logs)
        self._servers = ServerPods(events)
        self._turnover = Turnover(self._release, self._access, self._servers)
        self._waiting = Waiting(self._release, events)
        self._generation = ""
        self._begun = False
        self._stopped = False
        self._looked = 0.0
        self._problems: list[str] = []
        self._remarks: list[str] = []

    def __enter__(self) -> Self:
        """Begin."""
        self._processes.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop following the logs."""
        self._processes.__exit__()
        self._logs.close()

    def start(self, tell: Callable[[str], None]) -> None:
        """Make the run, if it is ours to make, and find it."""
        if self._own:
            tell(f"helm upgrade --install {self._name}")
            values = self._folder / VALUES
            helm_install(self._name, CHART, self._place, values, self._overrides)
        job = self._clients.job = self._release.newest_job()
        self._generation = self._release.generation()
        if self._settings is None:
            self._settings = self._settings_of(job)
        if revision := self._release.failed_revision(job):
            self._remarks.append(
                f"{job.name} is from revision {revision}, whose helm upgrade failed: the "
                "servers may have the settings of another revision"
            )
        tell(f"waiting for the pods of {job.name}")

    def ready(self) -> bool:
        """Return True: the clients wait for the servers themselves, and `look` says for what."""
        return True

    def load(self) -> None:
        """Do nothing: the clients came with the servers."""

    def look(self) -> Moment:
        """Read the logs, and once in a while ask kubectl for the pods."""
        pause = LOOK_SECONDS if self.settled() else RESTART_LOOK_SECONDS
        if time.monotonic() - self._looked >= pause:
            self._look_at_pods()
            self._looked = time.monotonic()
        self._logs.read()
        logs, servers = [tail.log for tail in self._logs.tails()], self._servers
        seconds = self._known_settings().client.duration_seconds
        return moment(logs, servers.replicas, servers.changes, seconds, self._note())

    def running(self) -> bool:
        """Tell whether a client still runs, or is still to come."""
        if self._stopped or self._clients.job is None:
            return False
        if not self._looked:
            return True
        return not self._given_up() and not self._clients.over()

    def longest_seconds(self) -> float:
        """Tell how long the clients may take."""
        return longest_run_seconds(self._known_settings())

    def stop(self, number: int) -> None:  # noqa: ARG002 - a pod gets SIGTERM, whatever we got
        """End the clients if the run is ours; otherwise stop watching."""
        if self._own:
            self._look_at_pods()  # some may have started or ended since the last look
            try:
                self._end_clients()
            except Trouble as trouble:
                self._problems.append(str(trouble))
            self._logs.read_to_end(STOP_SECONDS)
        else:
            self._problems.append("the lab stopped waiting; the run goes on")
        self._stopped = True

    def collect(self) -> Outcome:
        """Gather the summaries, and say of each client pod what became of it."""
        if self._clients.pods and not self._stopped:
            self._logs.read_to_end(LOG_SECONDS)
            self._look_at_pods()
        if not self._begun and (reason := self._given_up() or self._waiting.reason):
            self._problems.append(reason)
        seen = Outcome(problems=self._problems + self._turnover.problems, remarks=self._remarks)
        seen.replicas = list(self._servers.replicas)
        seen.changes = list(self._servers.changes)
        if self._settings:
            seen.summary = merge_one_by_one(self._clients.summaries(self._settings, seen))
        if (self._own or not self._stopped) and (missing := self._clients.missing()):
            seen.problems.append(missing)
        seen.remarks += [
            f"server pod {pod.name}: {pod.obstacle}" for pod in self._servers.seen if pod.stuck
        ]
        if seen.summary:
            seen.clock_uncertainty_seconds = self._logs.uncertainty_seconds()
            seen.server_counts = self._counts(seen)
            self._find_restarts(seen, seen.summary)
        self._turnover.undo()
        seen.remarks += self._turnover.remarks
        return seen

    def clock_started_unix_seconds(self) -> float | None:
        """Tell when the last client started its clock, by ours."""
        return self._clients.clock_started_unix_seconds()

    def serving(self) -> list[str]:
        """List the server pods that serve, oldest first."""
        if not self._begun:
            # The clients' clocks may have started since the last look, at pods not ready then.
            self._look_at_pods()
        return self._servers.serving()

    def restart(self, replicas: Sequence[str], how: Signal) -> None:
        """Delete server pods; the cluster replaces them."""
        self._turnover.restart(replicas, how)

    def crash(self, replicas: Sequence[str]) -> None:
        """Kill the servers in pods; the kubelet starts them again."""
        self._turnover.crash(replicas)

    def add(self, count: int) -> None:
        """Scale up."""
        self._turnover.scale(count)

    def remove(self, count: int) -> None:
        """Scale down; the cluster chooses who goes."""
        self._turnover.scale(-count)

    def roll_out(self) -> None:
        """Replace all server pods, as the chart's strategy says."""
        self._turnover.roll_out()

    def settled(self) -> bool:
        """Tell whether all that was begun is over."""
        return self._servers.settled()

    def _known_settings(self) -> Settings:
        assert self._settings is not None, "known since `start`"
        return self._settings

    def _settings_of(self, job: Job) -> Settings:
        """Load what the clients of a run have loaded, and keep it with the results."""
        file = self._folder / VALUES
        file.write_text(self._release.values(job), encoding="utf-8")
        try:
            return load([file], environment={})
        except SettingsError as error:
            raise Trouble(f"the settings of {job.name} are from another version: {error}") from None

    def _note(self) -> str:
        """Say what is waited for: for all pods at first, later for a server that is stuck."""
        if not self._begun:
            return self._waiting.note
        stuck = next((pod for pod in self._servers.staying() if pod.stuck), None)
        return f"server pod {stuck.name}: {stuck.obstacle}" if stuck else ""

    def _given_up(self) -> str | None:
        """Say what never came in the time that the clients may wait; None while there is hope."""
        if self._begun or self._settings is None:
            return None
        return self._waiting.given_up(self._settings.client.readiness.timeout_seconds)

    def _look_at_pods(self) -> None:
        """Ask kubectl; a call that fails is tried again at the next look."""
        job = self._clients.job
        if self._stopped or job is None:
            return
        try:
            found = self._release.look(job.name, self._generation)
            job = found.job or replace(job, finished=True)
            self._clients.take(job, found.clients)
            self._begun = self._begun or self.clock_started_unix_seconds() is not None
            self._servers.take(found.servers, time.time(), begun=self._begun)
            if not self._begun:
                server = self._known_settings().server
                replicas = server.replicas if server.enabled else 0
                self._waiting.look(job, found.clients, self._servers.staying(), replicas)
        except Trouble:
            return

    def _end_clients(self) -> None:
        """Delete the pods that run; with pods still to come, the Job, which would make them."""
        if self._clients.job and self._clients.missing():
            self._release.delete(self._clients.job)
        else:
            self._access.delete(self._clients.running())

    def _counts(self, seen: Outcome) -> dict[str, ReplicaCounts]:
        """Ask the servers what they counted: nothing but the reason where one cannot be asked."""
        try:
            port = self._known_settings().server.port
            return self._access.counts(self._servers.serving(), port)
        except Trouble as trouble:
            seen.remarks.append(f"the servers' own counts are missing: {trouble}")
            return {}

    def _find_restarts(self, seen: Outcome, summary: Summary) -> None:
        """Add the restarts that the lab did not make, and remark on events that nobody made."""
        if not summary.settings.server.enabled:
            infer(seen, summary)
            return
        found = Restarts(summary, self._servers, self._logs.least_lag_seconds())
        in_place = found.in_place()
        by_others = [] if seen.changes else found.by_others()
        if not self._own and not seen.changes and not by_others:
            seen.remarks += [
                f"the scenario asks for a {event.name}, which helm does not carry out: "
                "`make cluster-run` does, or `make restart` while the run is under way"
                for event in planned_events(self._known_settings())
            ]
        if in_place or any(not one.inferred for one in by_others):
            seen.clock_uncertainty_seconds = max(seen.clock_uncertainty_seconds, WHOLE_SECOND)
        seen.changes += by_others + in_place
