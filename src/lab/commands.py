"""The commands that run experiments: `run`, `compare`, `scenarios`."""

from pathlib import Path

import click

from long_lived.lab import results
from long_lived.lab.backend import Trouble
from long_lived.lab.cli import (
    carry_out,
    new_folder,
    opening,
    out_option,
    place_options,
    refuse,
    set_option,
    settings_of,
    status_of,
)
from long_lived.lab.cluster import ClusterBackend
from long_lived.lab.comparison import Compared, table
from long_lived.lab.interrupts import Interrupts
from long_lived.lab.local import LocalBackend
from long_lived.lab.scenarios import known, values_files
from long_lived.lab.service import Unsupported, refuse_other_systems
from long_lived.lab.tools import Kubectl, Place, program
from long_lived.settings import Settings, SettingsError, load
from long_lived.settings.load import chart_values, divided

DEFAULT_SCENARIO = "ten-thousand"
COMPARED = ("restart-flask", "restart-go", "restart-gunicorn")


@click.command()
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO or VALUES FILE]...")
@set_option
@out_option
@click.option(
    "--on",
    "where",
    type=click.Choice(["local", "cluster"]),
    default="local",
    show_default=True,
    help="Processes on this machine, or a Helm release on a Kubernetes cluster.",
)
@place_options
def run(
    scenarios: tuple[str, ...],
    overrides: tuple[str, ...],
    out: Path,
    where: str,
    release: str,
    namespace: str,
    context: str,
) -> int:
    """Run an experiment and say what it showed.

    Scenarios are values files: name one of values/ (without .yaml) or give a path; of
    several, later ones win. Default: ten-thousand.

    On a cluster the release is installed or upgraded (--release, --namespace, --context) and
    stays; --set takes the chart's own keys there, too: --set images.registry=…

    Exit status: 0 the finding is the expected one, 1 it is not or the run is incomplete,
    2 bad settings, 130 or 143 interrupted after the results were written.
    """
    scenarios = scenarios or (DEFAULT_SCENARIO,)
    if where == "cluster":
        return _run_on_cluster(scenarios, overrides, out, release, Place(namespace, context))
    settings = settings_of(scenarios, overrides)
    refuse_here(settings)
    folder = new_folder(out, settings.experiment.name)
    backend = LocalBackend(settings, folder)
    restart = settings.experiment.restart
    return status_of(*carry_out(backend, restart, folder, Interrupts(), opening(settings)))


@click.command()
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO or VALUES FILE]...")
@set_option
@out_option
def compare(scenarios: tuple[str, ...], overrides: tuple[str, ...], out: Path) -> int:
    """Run several scenarios one after the other, and put their results side by side.

    Default: restart-flask, restart-go and restart-gunicorn. Settings given with --set hold
    for all of them.

    Exit status: 0 every finding is the expected one, 1 one is not, 2 bad settings, 130 or 143
    interrupted after the results were written.
    """
    all_settings = [settings_of((name,), overrides) for name in scenarios or COMPARED]
    refuse_here(*all_settings)
    parent = new_folder(out, "compare")
    interrupts = Interrupts()
    runs: list[Compared] = []
    for number, settings in enumerate(all_settings, start=1):
        folder = parent / f"{number}-{settings.experiment.name}"
        folder.mkdir()
        backend = LocalBackend(settings, folder)
        restart = settings.experiment.restart
        seen, verdict = carry_out(backend, restart, folder, interrupts, opening(settings))
        if seen.stopped_by is not None:
            return 128 + seen.stopped_by
        runs.append(Compared(settings, seen.summary, verdict))
        click.echo()
    lines = table(runs)
    results.keep_report(parent, lines)
    click.echo("\n".join([*lines, "", f"results      {parent}"]))
    return 0 if all(run.verdict.passed for run in runs) else 1


@click.command()
def scenarios() -> None:
    """List the scenarios that `run` knows by name."""
    for name in known():
        description = load(values_files((name,)), environment={}).experiment.description
        click.echo(f"{name:<22} {description}")


def refuse_here(*wanted: Settings) -> None:
    """Refuse what the local backend cannot work with: this machine, or these settings."""
    if any(settings.server.replicas is None for settings in wanted):
        refuse("server.replicas = null: allowed on this machine is 1 to 1000")
    try:
        refuse_other_systems()
    except Unsupported as error:
        refuse(str(error))


def _run_on_cluster(
    scenarios: tuple[str, ...], overrides: tuple[str, ...], out: Path, release: str, place: Place
) -> int:
    try:
        own, of_the_chart = divided(overrides)
        settings = settings_of(scenarios, tuple(own))
        chart = chart_values(values_files(scenarios))
        program("helm")
        Kubectl(place)
    except (SettingsError, Trouble) as error:
        refuse(str(error))
    folder = new_folder(out, settings.experiment.name)
    results.write_values(folder, settings, chart)
    backend = ClusterBackend(release, place, folder, settings, of_the_chart)
    where = f"{opening(settings)}, release {release} in namespace {place.namespace}"
    restart = settings.experiment.restart
    return status_of(*carry_out(backend, restart, folder, Interrupts(), where))
