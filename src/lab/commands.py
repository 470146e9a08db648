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
    refuse_place,
    set_option,
    settings_of,
    was_kept,
)
from long_lived.lab.cluster import ClusterBackend
from long_lived.lab.here import refuse_what_has_no_effect
from long_lived.lab.interrupts import Interrupts
from long_lived.lab.local import LocalBackend
from long_lived.lab.report.comparison import Compared, table
from long_lived.lab.scenarios import known, values_files
from long_lived.lab.service import Unsupported, refuse_other_systems
from long_lived.lab.tools import Kubectl, Place, program
from long_lived.settings import Settings, SettingsError, load
from long_lived.settings.load import chart_values, divided

DEFAULT_SCENARIO = "ten-thousand"
COMPARED = ("restart-flask", "restart-go", "restart-gunicorn", "restart-gunicorn-stock")


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
    stays; --set takes the chart's own keys there, too: --set images.registry=...

    Exit status: 0 the finding is the expected one, 1 it is not or the run is incomplete,
    2 bad settings, 130 or 143 interrupted after the results were written.
    """
    scenarios = scenarios or (DEFAULT_SCENARIO,)
    if where == "cluster":
        return _run_on_cluster(scenarios, overrides, out, release, Place(namespace, context))
    refuse_place("a run on this machine: --on cluster looks for a release")
    settings = settings_here(scenarios, overrides)
    folder = new_folder(out, settings.experiment.name)
    backend = LocalBackend(settings, folder)
    restart = settings.experiment.restart
    return carry_out(backend, restart, folder, Interrupts(), opening(settings)).status


@click.command()
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO or VALUES FILE]...")
@set_option
@out_option
def compare(scenarios: tuple[str, ...], overrides: tuple[str, ...], out: Path) -> int:
    """Run several scenarios one after the other, and put their results side by side.

    Default: restart-flask, restart-go, restart-gunicorn and restart-gunicorn-stock. Settings
    given with --set hold for all of them.

    Exit status: 0 every finding is the expected one, 1 one is not, 2 bad settings, 130 or 143
    interrupted after the results were written.
    """
    all_settings = [settings_here((name,), overrides) for name in scenarios or COMPARED]
    parent = new_folder(out, "compare")
    interrupts = Interrupts()
    runs: list[Compared] = []
    kept = True
    for number, settings in enumerate(all_settings, start=1):
        folder = parent / f"{number}-{settings.experiment.name}"
        if not was_kept(parent, folder.mkdir):
            return 1
        backend = LocalBackend(settings, folder)
        restart = settings.experiment.restart
        done = carry_out(backend, restart, folder, interrupts, opening(settings))
        if done.seen.stopped_by is not None:
            return done.status
        runs.append(Compared(settings, done.seen.summary, done.verdict))
        kept = kept and done.kept
        print()
    lines = table(runs)
    print("\n".join([*lines, "", f"results      {parent}"]), flush=True)
    kept = was_kept(parent, lambda: results.keep_report(parent, lines)) and kept
    return 0 if kept and all(run.verdict.passed for run in runs) else 1


@click.command()
def scenarios() -> None:
    """List the scenarios that `run` knows by name."""
    for name in known():
        description = load(values_files((name,)), environment={}).experiment.description
        print(f"{name:<22} {description}")


def settings_here(scenarios: tuple[str, ...], overrides: tuple[str, ...]) -> Settings:
    """Load the settings of a run on this machine; refuse what it or the lab on it cannot do."""
    settings = settings_of(scenarios, overrides)
    try:
        refuse_what_has_no_effect(settings)
        refuse_other_systems()
    except (SettingsError, Unsupported) as error:
        refuse(str(error))
    return settings


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
    if not was_kept(folder, lambda: results.write_values(folder, settings, chart)):
        return 1
    backend = ClusterBackend(release, place, folder, settings, of_the_chart)
    where = f"{opening(settings)}, release {release} in namespace {place.namespace}"
    restart = settings.experiment.restart
    return carry_out(backend, restart, folder, Interrupts(), where).status
