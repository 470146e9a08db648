"""The backend on a Kubernetes cluster: a release of the chart, and the newest run in it.

Either the lab makes the run (`values` are given: helm upgrade --install) or it attaches to
one that somebody else has made. The cluster keeps everything: servers and results stay until
the user takes the release away.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

from long_lived.client.summary import merge
from long_lived.lab.backend import Pause, Trouble
from long_lived.lab.deadline import longest_run_seconds
from long_lived.lab.logs import beginning_lost, foreign_summary, moment
from long_lived.lab.observation import Moment, Observation
from long_lived.lab.pod_logs import PodLogs
from long_lived.lab.processes import Processes
from long_lived.lab.recovery import recovered
from long_lived.lab.release import STUCK, Job, Pod, Release, names
from long_lived.lab.replacement import Replacement
from long_lived.lab.results import VALUES
from long_lived.lab.scenarios import REPOSITORY
from long_lived.lab.sightings import replacements_seen
from long_lived.lab.tools import Kubectl, Place, helm_install
from long_lived.lab.verdict import history_of
from long_lived.settings import Settings, SettingsError, load

CHART = REPOSITORY / "charts" / "long-lived"

LOOK_SECONDS = 2.0
RESTART_LOOK_SECONDS = 0.5
"""How often kubectl is asked, and how often while replicas restart."""

STUCK_SECONDS = 60.0
"""How long a pod may be stuck before it is given up: an image may be pushed a moment late."""

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
        self._servers: list[Pod] = []
        self._replicas: list[str] = []
        self._replacements: list[Replacement] = []
        self._problems: list[str] = []
        self._stuck_since: float | None = None
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
        stood = moment([tail.log for tail in self._logs.tails()], self._replicas)
        pods = [*self._clients.values(), *self._servers]
        waiting = next((pod for pod in pods if pod.reason in STUCK), None)
        note = f"{waiting.name}: {waiting.reason}" if waiting and not stood.planned else stood.note
        return Moment(
            stood.planned, stood.in_flight, stood.answered, stood.failed, stood.by_replica, note
        )

    def running(self) -> bool:
        """Tell whether a client still runs, or is still to come."""
        job = self._job
        if job is None:
            return False
        if not self._looked:
            return True
        if self._stuck_since and time.monotonic() - self._stuck_since > STUCK_SECONDS:
            return False
        ended = [pod for pod in self._clients.values() if pod.ended]
        return not job.finished and len(ended) < job.clients

    def clock_started_unix_seconds(self) -> float | None:
        """Tell when the last client started its clock, by ours."""
        starts = [tail.log.clock_started_unix_seconds for tail in self._logs.tails()]
        known = [at for at in starts if at is not None]
        if self._job is None or len(known) < self._job.clients:
            return None
        return max(known) + self._lag_seconds()

    def serving(self) -> list[str]:
        """List the server pods that serve, oldest first."""
        return names(pod for pod in self._servers if pod.ready_unix_seconds and not pod.leaving)

    def restart(self, replicas: Sequence[str]) -> None:
        """Delete server pods; the cluster replaces them."""
        assert self._settings is not None, "a restart comes after `prepare`"
        now = time.time()
        kill = self._settings.experiment.restart.signal == "kill"
        self._replacements += [Replacement(now, old=name) for name in replicas]
        try:
            self._release.delete(replicas, kill=kill)
        except Trouble as trouble:
            self._problems.append(f"the restart failed: {trouble}")

    def replaced(self) -> bool:
        """Tell whether every pod that was deleted has a replacement that is ready."""
        return all(one.ready_unix_seconds is not None for one in self._replacements)

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

    def collect(self) -> Observation:
        """Gather the summaries, and say of each client pod what became of it."""
        if self._clients and self._job is not None:
            self._await_logs(LOG_SECONDS)
            self._look_at_pods()
        seen = Observation(problems=self._problems)
        summaries = [
            summary
            for pod in self._clients.values()
            if (summary := self._summary_of(pod, seen)) is not None
        ]
        if self._job is not None and len(self._clients) < self._job.clients:
            seen.problems.append(
                f"{self._job.clients - len(self._clients)} of {self._job.clients} client pods are "
                "gone or never came, and their logs with them"
            )
        seen.remarks += [
            f"server pod {pod.name} cannot start: {pod.reason}"
            for pod in self._servers
            if pod.reason in STUCK
        ]
        seen.summary = merge(summaries) if summaries else None
        self._take_replicas(seen)
        return seen

    def _summary_of(self, pod: Pod, seen: Observation) -> dict[str, Any] | None:
        """Return what a client left, or what its log gives; say what is wrong with it."""
        if pod.exit_status:
            why = f" ({pod.reason})" if pod.reason and pod.reason != "Error" else ""
            seen.problems.append(f"client pod {pod.name} ended with status {pod.exit_status}{why}")
        if pod.reason in STUCK and not pod.ended:
            seen.problems.append(f"client pod {pod.name} cannot start: {pod.reason}")
            return None
        log = self._logs.final(pod.name)
        if log is None or log.summary is None:
            why = f"the log of client pod {pod.name} has no summary"
            lost = None
            if self._settings is not None:
                lines = self._logs.lines(pod.name)
                lost = recovered(lines, self._settings, f"{why}: its lines were counted")
            if lost is None:
                seen.problems.append(why)
            return lost
        if foreign := foreign_summary(f"client pod {pod.name}", log):
            seen.problems.append(foreign)
            return None
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
            self._servers = self._release.server_pods(self._generation)
            self._job = self._release.job(self._job.name) or Job(
                self._job.name, self._job.clients, finished=True
            )
        except Trouble:
            return
        # A pod that is gone is kept as it was last seen: its log may be here already.
        self._clients |= {pod.name: pod for pod in clients}
        self._logs.follow(clients)
        stuck = any(pod.reason in STUCK and not pod.ended for pod in clients)
        if not stuck:
            self._stuck_since = None
        elif self._stuck_since is None:
            self._stuck_since = time.monotonic()
        self._follow_servers()

    def _follow_servers(self) -> None:
        alive = [pod for pod in self._servers if not pod.leaving]
        self._begun = self._begun or self.clock_started_unix_seconds() is not None
        if not self._begun:
            self._replicas = names(alive)
            return
        now = time.time()
        taken = {one.new for one in self._replacements}
        for pod in alive:
            if pod.name in self._replicas:
                continue
            self._replicas.append(pod.name)
            free = next((one for one in self._replacements if one.new is None), None)
            if free and pod.name not in taken:
                free.new = pod.name
        present, ready = set(names(self._servers)), {p.name for p in alive if p.ready_unix_seconds}
        for one in self._replacements:
            if one.ended_unix_seconds is None and one.old not in present:
                one.ended_unix_seconds = now
            if one.ready_unix_seconds is None and one.new in ready:
                one.ready_unix_seconds = now

    def _take_replicas(self, seen: Observation) -> None:
        """Say who served, and who took whose place, by the clients' clock."""
        seen.replicas = list(self._replicas)
        if self._replacements:
            lag = self._lag_seconds()
            seen.replacements = [one.shifted(lag) for one in self._replacements]
        elif seen.summary is not None:
            seen.replacements = self._replacements_of_others(seen)
            planned = seen.summary["settings"]["experiment"]["restart"]["afterSeconds"]
            if planned and not seen.replacements:
                seen.remarks.append(
                    f"the scenario asks for a restart after {planned:g} s, which helm does not "
                    "make: `make cluster-run` does, or `make restart` while the run is under way"
                )

    def _replacements_of_others(self, seen: Observation) -> list[Replacement]:
        """Find restarts that the lab did not make: pods younger than the run, or the timeline."""
        assert seen.summary is not None, "asked for only then"
        history = history_of(seen.summary)
        begun, ended = history.unix_seconds(0), history.unix_seconds(history.load_end())
        alive = [pod for pod in self._servers if not pod.leaving]
        new = [pod for pod in alive if begun < pod.created_unix_seconds < ended]
        if not new:
            replicas = seen.summary["settings"]["server"]["replicas"]
            return replacements_seen(history, replicas)
        old = [name for name in seen.summary["pods"] if name not in names(alive)]
        return [
            Replacement(
                stopped_unix_seconds=pod.created_unix_seconds,
                old=old[index] if index < len(old) else None,
                new=pod.name,
                ready_unix_seconds=pod.ready_unix_seconds,
            )
            for index, pod in enumerate(new)
        ]

    def _lag_seconds(self) -> float:
        lags = [lag for tail in self._logs.tails() if (lag := tail.clock_lag_seconds) is not None]
        return min(lags, default=0.0)

    def _await_logs(self, seconds: float) -> None:
        """Wait until the logs that are followed have come to their ends."""
        deadline = time.monotonic() + seconds
        while self._logs.following() and time.monotonic() < deadline:
            self._logs.read()
            time.sleep(0.1)
        self._logs.read()
