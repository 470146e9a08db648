"""What all commands of the lab share: one-line errors, options, and the end of every run."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

import click
from click.core import ParameterSource
from rich.console import Console

from long_lived.lab import results
from long_lived.lab.analysis.verdict import Verdict, judge
from long_lived.lab.backend import Backend, Trouble
from long_lived.lab.experiment import Experiment
from long_lived.lab.interrupts import Interrupts
from long_lived.lab.observation import Observation
from long_lived.lab.progress import display
from long_lived.lab.report.closing import report
from long_lived.lab.scenarios import values_files
from long_lived.settings import Restart, Settings, SettingsError, load
from long_lived.settings.arguments import USAGE_STATUS
from long_lived.settings.errors import one_line


def complain(reason: str) -> None:
    """Say in one line what went wrong with the lab itself."""
    print(f"long-lived: error: {one_line(reason)}", file=sys.stderr)


def refuse(reason: str) -> NoReturn:
    """Say in one line why the lab cannot start, and exit with status 2."""
    complain(reason)
    sys.exit(USAGE_STATUS)


class OneLineErrors(click.Group):
    """A group whose usage errors are one line with exit status 2, as everywhere else."""

    def main(self, *args, **kwargs):  # type: ignore[no-untyped-def]
        """Run; turn click's complaints into `refuse`."""
        kwargs["standalone_mode"] = False
        try:
            status = super().main(*args, **kwargs)
        except click.exceptions.NoArgsIsHelpError as error:
            print(error.format_message(), file=sys.stderr)
            sys.exit(USAGE_STATUS)
        except click.ClickException as error:
            refuse(f"{error.format_message()} (see --help)")
        except click.Abort:
            sys.exit(130)
        sys.exit(status)


set_option = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="One setting, as for Helm: --set client.concurrency=500. May be repeated.",
)
out_option = click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("results"),
    show_default=True,
    help="Folder for the results folders.",
)


def place_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say which release is meant."""
    for option in (
        click.option("--context", default="", help="Kubernetes context; default: the current one."),
        click.option("--namespace", default="long-lived", show_default=True, help="Namespace."),
        click.option("--release", default="long-lived", show_default=True, help="Helm release."),
    ):
        command = option(command)
    return command


def refuse_place(command: str) -> None:
    """Refuse the options of `place_options` where `command` has no release to look for."""
    context = click.get_current_context()
    for name in ("release", "namespace", "context"):
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT:
            refuse(f"--{name} {context.params[name]}: without effect in {command}")


def settings_of(scenarios: tuple[str, ...], overrides: tuple[str, ...]) -> Settings:
    """Load the settings of a run; refuse what cannot be run."""
    try:
        settings = load(values_files(scenarios), overrides)
    except SettingsError as error:
        refuse(str(error))
    if not settings.client.enabled:
        refuse("client.enabled = false: a run needs client.enabled = true")
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
class Outcome:
    """A run that has been judged."""

    seen: Observation
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
) -> Outcome:
    """Run an experiment, keep its results, print its report."""
    console = Console(file=sys.stdout, markup=False, emoji=False, highlight=False)
    console.print(f"{opening}, in {folder}", soft_wrap=True)
    try:
        with display(console) as shown:
            seen = Experiment(backend, restart, shown.show, interrupts.stop_signal).run()
    except Trouble as trouble:
        refuse(str(trouble))
    return conclude(seen, folder)


def conclude(seen: Observation, folder: Path) -> Outcome:
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
    return Outcome(seen, verdict, kept)


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
    runtime: list[str] = [server.runtime]
    if server.runtime == "gunicorn":
        runtime.append(server.gunicorn.worker_class)
    replicas = "an autoscaler's" if server.replicas is None else server.replicas
    users = client.concurrency * client.parallelism
    restart = ""
    if experiment.restart.after_seconds:
        keep = experiment.restart.keep
        stopped = f"all but {keep}" if server.replicas is None else server.replicas - keep
        restart = f", {stopped} restarted after {experiment.restart.after_seconds:g} s"
    return (
        f"{experiment.name}: {users:,} virtual users ({client.engine}, {client.keep_alive.mode}, "
        f"{client.connections}) against {replicas} replicas ({' '.join(runtime)}), delay "
        f"{server.delay.min_seconds:g}-{server.delay.max_seconds:g} s{restart}"
    )
