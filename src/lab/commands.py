"""The command line of the lab: reads it, calls the work, prints the report, sets the status."""

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NoReturn

import click
from rich.console import Console

from lab import results
from lab.interrupts import Interrupts
from lab.local import LocalRun
from lab.observation import Observation
from lab.progress import display
from lab.replicas import Unsupported, refuse_other_systems
from lab.report import report
from lab.scenarios import known, values_files
from lab.verdict import Finding, Verdict, judge
from settings import Settings, SettingsError, load
from settings.arguments import USAGE_STATUS

DEFAULT_SCENARIO = "ten-thousand"


def refuse(reason: str) -> NoReturn:
    """Say in one line why the lab cannot start, and exit with status 2."""
    click.echo(f"long-lived: error: {reason}", err=True)
    sys.exit(USAGE_STATUS)


class OneLineErrors(click.Group):
    """A group whose usage errors are one line with exit status 2, as everywhere else."""

    def main(self, *args, **kwargs):  # type: ignore[no-untyped-def]
        """Run; turn click's complaints into `refuse`."""
        kwargs["standalone_mode"] = False
        try:
            status = super().main(*args, **kwargs)
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.format_message(), err=True)
            sys.exit(USAGE_STATUS)
        except click.ClickException as error:
            refuse(f"{error.format_message()} (see --help)")
        except click.Abort:
            sys.exit(130)
        sys.exit(status)


@click.group(cls=OneLineErrors)
def cli() -> None:
    """Show, prove and compare what long-lived connections do to load balancing."""


@cli.command()
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO or VALUES FILE]...")
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="One setting, as for Helm: --set client.concurrency=500. May be repeated.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("results"),
    show_default=True,
    help="Folder for the results folders.",
)
def run(scenarios: tuple[str, ...], overrides: tuple[str, ...], out: Path) -> int:
    """Run an experiment on this machine and say what it showed.

    Scenarios are values files: name one of values/ (without .yaml) or give a path; of
    several, later ones win. Default: ten-thousand.

    Exit status: 0 the finding is the expected one, 1 it is not or the run is incomplete,
    2 bad settings, 130 or 143 interrupted after the results were written.
    """
    try:
        settings = load(values_files(scenarios or (DEFAULT_SCENARIO,)), overrides)
        refuse_other_systems()
        if not settings.client.enabled:
            raise SettingsError("client.enabled = false: a run needs client.enabled = true")
    except (SettingsError, Unsupported) as error:
        refuse(str(error))
    try:
        folder = results.make_folder(out, settings.experiment.name, datetime.now())
    except OSError as error:
        refuse(f"--out {out}: {error.strerror}: allowed is a folder that can be written")
    return _run_here(settings, folder)


@cli.command()
def scenarios() -> None:
    """List the scenarios that `run` knows by name."""
    for name in known():
        description = load(values_files((name,)), environment={}).experiment.description
        click.echo(f"{name:<22} {description}")


def _run_here(settings: Settings, folder: Path) -> int:
    console = Console()
    interrupts = Interrupts()
    console.print(_opening(settings, folder), highlight=False, soft_wrap=True)
    with display(console) as shown:
        seen = LocalRun(settings, folder, shown.show, interrupts.stop_signal).run()
    verdict = conclude(seen)
    lines = report(seen.summary, verdict, str(folder))
    results.keep(folder, seen, verdict, lines)
    click.echo("\n".join(lines))
    if seen.stopped_by is not None:
        return 128 + seen.stopped_by
    return 0 if verdict.passed else 1


def conclude(seen: Observation) -> Verdict:
    """Judge what was seen, also where there is no summary at all."""
    if seen.summary is None:
        why = "; ".join(seen.problems) or "the run was stopped before the clients started"
        return Verdict(Finding.INCOMPLETE, False, f"incomplete: {why}", None)
    return judge(seen.summary, seen.replicas, seen.problems)


def _opening(settings: Settings, folder: Path) -> str:
    server, client, experiment = settings.server, settings.client, settings.experiment
    runtime: Sequence[str] = [server.runtime]
    if server.runtime == "gunicorn":
        runtime = [server.runtime, server.gunicorn.worker_class]
    users = client.concurrency * client.parallelism
    return (
        f"{experiment.name}: {users:,} virtual users ({client.engine}, {client.keep_alive.mode}, "
        f"{client.connections}) against {server.replicas} replicas ({' '.join(runtime)}), delay "
        f"{server.delay.min_seconds:g}-{server.delay.max_seconds:g} s, in {folder}"
    )
