"""The backend on a Kubernetes cluster: a release of the chart, and the newest run in it.

Either the lab makes the run (`values` are given: helm upgrade --install) or it attaches to
one that somebody else has made. The cluster keeps everything: servers and results stay until
the user takes the release away.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

from long_lived.lab.analysis.history import History
from long_lived.lab.analysis.inferred_restarts import replacements_seen
from long_lived.lab.analysis.replacement import Replacement
from long_lived.lab.analysis.verdict import history_of
from long_lived.lab.cluster.pod_logs import PodLogs
from long_lived.lab.cluster.pods import Pod, names
from long_lived.lab.cluster.release import Job, Release
from long_lived.lab.cluster.server_pods import WHOLE_SECOND, ServerPods, later, replacements_of
from long_lived.lab.cluster.tools import Kubectl, Place, helm_install
from long_lived.lab.cluster.waiting import Waiting
from long_lived.lab.experiment.backend import Pause, Trouble
from long_lived.lab.experiment.deadline import longest_run_seconds
from long_lived.lab.experiment.moment import Moment
from long_lived.lab.experiment.outcome import Outcome
from long_lived.lab.experiment.results import VALUES
from long_lived.lab.logs.client_log import beginning_lost, moment
from long_lived.lab.logs.recovery import recovered
from long_lived.lab.processes.child import Processes
from long_lived.record.merge import merge
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
        self._name = release
        self._folder = folder
        self._settings = settings
        self._overrides = overrides
        self._kubectl = Kubectl(place)
        self._place = Place(place.namespace, self._kubectl.context)
        self._release = Release(self._kubectl, release, place.namespace, app)
        self._processes = Processes(folder)
        self._logs = PodLogs(self._release, self._processes, folder)
        self._job: Job | None = None
        self._clients: dict[str, Pod] = {}
        self._generation = ""
        self._begun = False
        self._servers = ServerPods(self._release)
        self._waiting = Waiting(self._release)
        self._problems: list[str] = []
        self._remarks: list[str] = []
        self._looked = 0.0
        self._own = settings is not None

    def __enter__(self) -> Self:
        """Begin."""
        self._processes.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop following the logs."""
        self._processes.__exit__()
        self._logs.close()

    def prepare(self, show: Callable[[Moment], None], pause: Pause) -> None:
        """Make the run, if it is ours to make, and find it."""
        if self._own:
            show(Moment(0, 0, 0, 0, {}, f"helm upgrade --install {self._name}"))
            values = self._folder / VALUES
            helm_install(self._name, CHART, self._place, values, self._overrides)
        self._job = self._release.newest_job()
        self._generation = self._release.generation()
        if self._settings is None:
            self._settings = self._settings_of(self._job)
        if revision := self._release.failed_revision(self._job):
            self._remarks.append(
                f"{self._job.name} is of revision {revision}, whose helm upgrade failed: the "
                "servers may have the settings of another"
            )
        show(Moment(0, 0, 0, 0, {}, f"waiting for the pods of {self._job.name}"))
        pause()

    def look(self) -> Moment:
        """Read the logs, and once in a while ask kubectl for the pods."""
        restarting = not self.replaced()
        pause = RESTART_LOOK_SECONDS if restarting else LOOK_SECONDS
        if time.monotonic() - self._looked >= pause:
            self._look_at_pods()
            self._looked = time.monotonic()
        self._logs.read()
        stood = moment([tail.log for tail in self._logs.tails()], self._servers.replicas)
        return replace(stood, note=self._note() or stood.note)

    def running(self) -> bool:
        """Tell whether a client still runs, or is still to come."""
        job = self._job
        if job is None:
            return False
        if not self._looked:
            return True
        if self._given_up():
            return False
        ended = [pod for pod in self._clients.values() if pod.ended]
        return not job.finished and len(ended) < job.clients

    def clock_started_unix_seconds(self) -> float | None:
        """Tell when the last client started its clock, by ours."""
        starts = {pod: tail.log.clock_started_unix_seconds for pod, tail in self._logs.by_pod()}
        known = [at + self._logs.lag_seconds(pod) for pod, at in starts.items() if at is not None]
        if self._job is None or len(known) < self._job.clients:
            return None
        return max(known)

    def serving(self) -> list[str]:
        """List the server pods that serve, oldest first."""
        if not self._begun:
            # The clients' clocks may have started since the last look, at pods not ready then.
            self._look_at_pods()
        return self._servers.serving()

    def restart(self, replicas: Sequence[str]) -> None:
        """Delete server pods; the cluster replaces them."""
        assert self._settings is not None, "a restart comes after `prepare`"
        self._servers.stop(replicas, time.time())
        try:
            if self._settings.experiment.restart.signal == "kill":
                alive = self._release.kill(replicas, self._settings.server.port)
                self._remarks += [
                    f"not killed, but ended by SIGTERM and SIGKILL some 2 s later: {why}"
                    for why in alive
                ]
            else:
                self._release.delete(replicas)
        except Trouble as trouble:
            self._problems.append(f"the restart failed: {trouble}")

    def replaced(self) -> bool:
        """Tell whether every pod that was deleted has a replacement that is ready."""
        return self._servers.replaced()

    def longest_seconds(self) -> float:
        """Tell how long the clients can take."""
        assert self._settings is not None, "known since `prepare`"
        return longest_run_seconds(self._settings)

    def stop(self, number: int) -> None:  # noqa: ARG002 - a pod gets SIGTERM, whatever we got
        """End the clients of a run of ours; from anybody else's only turn away."""
        if self._own:
            try:
                self._release.delete([pod.name for pod in self._clients.values() if not pod.ended])
            except Trouble as trouble:
                self._problems.append(str(trouble))
            self._await_logs(STOP_SECONDS)
        else:
            self._problems.append("the lab stopped waiting; the run goes on")
        self._job = None

    def collect(self) -> Outcome:
        """Gather the summaries, and say of each client pod what became of it."""
        if self._clients and self._job is not None:
            self._await_logs(LOG_SECONDS)
            self._look_at_pods()
        if not self._begun and (reason := self._given_up() or self._waiting.reason):
            self._problems.append(reason)
        seen = Outcome(problems=self._problems, remarks=self._remarks)
        there = {name: pod for name, pod in self._clients.items() if pod.started or pod.ended}
        if len(there) < len(self._clients):
            seen.problems.append(
                f"{len(self._clients) - len(there)} of {len(self._clients)} client pods have not "
                "started"
            )
        summaries = {
            name: summary
            for name, pod in there.items()
            if (summary := self._summary_of(pod, seen)) is not None
        }
        if self._job is not None and len(self._clients) < self._job.clients:
            seen.problems.append(
                f"{self._job.clients - len(self._clients)} of {self._job.clients} client pods are "
                "gone or never came, and their logs with them"
            )
        seen.remarks += [
            f"server pod {pod.name}: {pod.holdup}" for pod in self._servers.seen if pod.stuck
        ]
        if summaries:
            lags = [self._logs.lag_seconds(name) for name in summaries]
            seen.summary = merge(list(summaries.values()), lags)
            seen.clock_uncertainty_seconds = self._logs.uncertainty_seconds()
            seen.server_counts = self._counts(seen)
        self._take_replicas(seen)
        return seen

    def _note(self) -> str:
        """Say what is waited for: for all pods at first, later for a server that is stuck."""
        if not self._begun:
            return self._waiting.note
        stuck = next((pod for pod in self._servers.staying() if pod.stuck), None)
        return f"server pod {stuck.name}: {stuck.holdup}" if stuck else ""

    def _given_up(self) -> str | None:
        """Say what was waited for in vain, as long as the clients are allowed to wait."""
        if self._begun or self._settings is None:
            return None
        return self._waiting.given_up(self._settings.client.readiness.timeout_seconds)

    def _counts(self, seen: Outcome) -> dict[str, ReplicaCounts]:
        """Ask the servers what they counted: nothing but the reason where one cannot be asked."""
        assert self._settings is not None, "known since `prepare`"
        try:
            return self._release.counts(self._servers.serving(), self._settings.server.port)
        except Trouble as trouble:
            seen.remarks.append(f"the servers' own counts are missing: {trouble}")
            return {}

    def _summary_of(self, pod: Pod, seen: Outcome) -> Summary | None:
        """Return what a client left, or what its log gives; say what is wrong with it."""
        if pod.exit_status:
            why = f" ({pod.reason})" if pod.reason and pod.reason != "Error" else ""
            seen.problems.append(f"client pod {pod.name} ended with status {pod.exit_status}{why}")
        log = self._logs.final(pod.name)
        if log is not None and log.unread:
            seen.problems.append(f"client pod {pod.name} has {log.unread}")
            return None
        if log is None or log.summary is None:
            why = f"the log of client pod {pod.name} has no summary"
            lost = None
            if self._settings is not None:
                lines = self._logs.lines(pod.name)
                lost = recovered(lines, self._settings, f"{why}: its lines were counted")
            if lost is None:
                seen.problems.append(why)
            return lost
        if remark := beginning_lost(pod.name, log):
            seen.remarks.append(remark)
        return log.summary

    def _settings_of(self, job: Job) -> Settings:
        """Load what the clients of a run have loaded, and keep it with the results."""
        file = self._folder / VALUES
        file.write_text(self._release.values(job), encoding="utf-8")
        try:
            return load([file], environment={})
        except SettingsError as error:
            raise Trouble(f"the settings of {job.name} are of another version: {error}") from None

    def _look_at_pods(self) -> None:
        """Ask kubectl; a call that fails is tried again at the next look."""
        if self._job is None:
            return
        try:
            clients = self._release.client_pods(self._job)
            servers = self._release.server_pods(self._generation)
            self._job = self._release.job(self._job.name) or replace(self._job, finished=True)
            # A pod that is gone is kept as it was last seen: its log may be here already.
            self._clients |= {pod.name: pod for pod in clients}
            self._logs.follow(clients)
            self._begun = self._begun or self.clock_started_unix_seconds() is not None
            self._servers.take(servers, time.time(), begun=self._begun)
            if not self._begun and self._settings is not None:
                replicas = self._settings.server.replicas
                self._waiting.look(self._job, clients, self._servers.staying(), replicas)
        except Trouble:
            return

    def _take_replicas(self, seen: Outcome) -> None:
        """Say who served, and who took whose place, by our clock."""
        seen.replicas = list(self._servers.replicas)
        seen.replacements = list(self._servers.deleted)
        if seen.summary is None:
            return
        history, lag = history_of(seen.summary), self._logs.least_lag_seconds()
        bounds = history.unix_seconds(0) - lag, history.unix_seconds(history.load_end()) - lag
        in_place = self._servers.restarted_in_place(*bounds)
        if not seen.replacements:
            seen.replacements = self._replacements_of_others(seen, history, bounds)
            planned = seen.summary.settings.experiment.restart.after_seconds
            if planned and not seen.replacements:
                seen.remarks.append(
                    f"the scenario asks for a restart after {planned:g} s, which helm does not "
                    "make: `make cluster-run` does, or `make restart` while the run is under way"
                )
        seen.replacements += replacements_of(in_place, lag)
        if in_place:
            seen.clock_uncertainty_seconds = max(seen.clock_uncertainty_seconds, WHOLE_SECOND)

    def _replacements_of_others(
        self, seen: Outcome, history: History, bounds: tuple[float, float]
    ) -> list[Replacement]:
        """Find restarts that the lab did not make: pods younger than the run, or the timeline."""
        assert seen.summary is not None, "asked for only then"
        staying = names(self._servers.staying())
        old = [name for name in seen.summary.pods if name not in staying]
        new = self._servers.created(*bounds)
        if not new:
            # Where all are there that have answered, none was replaced.
            replicas = seen.summary.settings.server.replicas
            replicas = replicas or len(self._servers.replicas)
            return replacements_seen(history, seen.summary.pods, replicas) if old else []
        lag = self._logs.least_lag_seconds()
        seen.clock_uncertainty_seconds = max(seen.clock_uncertainty_seconds, WHOLE_SECOND)
        return [
            Replacement(
                stopped_unix_seconds=pod.created_unix_seconds + lag,
                old=old[index] if index < len(old) else None,
                new=pod.name,
                ready_unix_seconds=later(pod.ready_unix_seconds, lag),
            )
            for index, pod in enumerate(new)
        ]

    def _await_logs(self, seconds: float) -> None:
        """Wait until the logs that are followed have come to their ends."""
        deadline = time.monotonic() + seconds
        while self._logs.following() and time.monotonic() < deadline:
            self._logs.read()
            time.sleep(0.1)
        self._logs.read()
