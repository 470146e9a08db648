"""A run from its settings to its exit status, as `run`, `compare` and `verify` make it."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rich.console import Console

from long_lived.lab.analysis.verdict import Verdict, judge
from long_lived.lab.commands.display import display
from long_lived.lab.commands.options import complain, refuse
from long_lived.lab.commands.scenarios import values_files
from long_lived.lab.experiment import results
from long_lived.lab.experiment.backend import Backend, Trouble
from long_lived.lab.experiment.course import Experiment
from long_lived.lab.experiment.interrupts import Interrupts
from long_lived.lab.experiment.outcome import Outcome
from long_lived.lab.local.service import Unsupported, refuse_other_systems
from long_lived.lab.local.unsupported import refuse_what_has_no_effect
from long_lived.lab.report.closing import report
from long_lived.server.runtimes import RUNTIMES
from long_lived.settings import Restart, Settings, SettingsError, load


def settings_of(scenarios: tuple[str, ...], overrides: tuple[str, ...]) -> Settings:
    """Load the settings of a run; refuse what cannot be run."""
    try:
        settings = load(values_files(scenarios), overrides)
    except SettingsError as error:
        refuse(str(error))
    if not settings.client.enabled:
        refuse("client.enabled = false: a run needs client.enabled = true")
    return settings


def settings_here(scenarios: tuple[str, ...], overrides: tuple[str, ...]) -> Settings:
    """Load the settings of a run on this machine; refuse what it or the lab on it cannot do."""
    settings = settings_of(scenarios, overrides)
    try:
        refuse_what_has_no_effect(settings)
        refuse_other_systems()
    except (SettingsError, Unsupported) as error:
        refuse(str(error))
    return settings


def new_folder(out: Path, name: str) -> Path:
    """Make the results folder."""
    try:
        folder = results.make_folder(out, name, datetime.now())
    except OSError as error:
        refuse(f"--out {out}: {error.strerror}: allowed is a folder that can be written")
    try:
        results.point_latest(folder)
    except OSError as error:
        complain(f"{out / results.LATEST} does not point to {folder.name}: {error.strerror}")
    return folder


@dataclass(frozen=True)
class JudgedRun:
    """A run that has been judged."""

    seen: Outcome
    verdict: Verdict
    kept: bool
    """Whether the results folder has it."""

    @property
    def status(self) -> int:
        """Exit status of the command."""
        if self.seen.stopped_by is not None:
            return 128 + self.seen.stopped_by
        return 0 if self.verdict.passed and self.kept else 1


def carry_out(
    backend: Backend, restart: Restart, folder: Path, interrupts: Interrupts, opening: str
) -> JudgedRun:
    """Run an experiment, keep its results, print its report."""
    console = Console(file=sys.stdout, markup=False, emoji=False, highlight=False)
    console.print(f"{opening}, in {folder}", soft_wrap=True)
    try:
        with display(console) as shown:
            seen = Experiment(backend, restart, shown.show, interrupts.stop_signal).run()
    except Trouble as trouble:
        refuse(str(trouble))
    return conclude(seen, folder)


def conclude(seen: Outcome, folder: Path) -> JudgedRun:
    """Judge what was seen, print the report, and keep it where that can be done."""
    verdict = judge(
        seen.summary,
        seen.replicas,
        seen.problems,
        seen.replacements,
        server_counts=seen.server_counts,
        uncertainty_seconds=seen.clock_uncertainty_seconds,
    )
    lines = report(seen.summary, verdict, str(folder), seen.remarks)
    print("\n".join(lines), flush=True)
    kept = was_kept(folder, lambda: results.keep(folder, seen, verdict, lines))
    return JudgedRun(seen, verdict, kept)


def was_kept(folder: Path, keep: Callable[[], None]) -> bool:
    """Keep results; where that fails, on a full disk or in a folder that is gone, say so."""
    try:
        keep()
    except OSError as error:
        complain(f"{folder} has not all results: {error.strerror}")
        return False
    return True


def opening(settings: Settings) -> str:
    """Say in one line what is going to be run."""
    server, client, experiment = settings.server, settings.client, settings.experiment
    worker_class = RUNTIMES[server.runtime].worker_class(server)
    runtime = f"{server.runtime} {worker_class}".rstrip()
    replicas = "an autoscaler's" if server.replicas is None else server.replicas
    users = client.concurrency * client.parallelism
    restart = ""
    if experiment.restart.after_seconds:
        keep = experiment.restart.keep
        stopped = f"all but {keep}" if server.replicas is None else server.replicas - keep
        restart = f", {stopped} restarted after {experiment.restart.after_seconds:g} s"
    return (
        f"{experiment.name}: {users:,} virtual users ({client.engine}, {client.keep_alive.mode}, "
        f"{client.connections}) against {replicas} replicas ({runtime}), delay "
        f"{server.delay.min_seconds:g}-{server.delay.max_seconds:g} s{restart}"
    )
