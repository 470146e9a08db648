"""The command `run`: one experiment, on this machine or on a cluster."""

from pathlib import Path

import click

from long_lived.lab.cluster.backend import ClusterBackend
from long_lived.lab.cluster.tools.kubectl import Kubectl, Place
from long_lived.lab.cluster.tools.program import program
from long_lived.lab.commands.one_run import (
    carry_out_plan,
    new_folder,
    settings_here,
    settings_of,
    was_kept,
)
from long_lived.lab.commands.options import (
    out_option,
    place_options,
    refuse,
    refuse_place,
    set_option,
)
from long_lived.lab.commands.scenarios import scenarios_argument, values_files
from long_lived.lab.experiment.backend import Trouble
from long_lived.lab.experiment.interrupts import Interrupts
from long_lived.lab.experiment.results import write_values
from long_lived.lab.local.backend import LocalBackend
from long_lived.settings import SettingsError
from long_lived.settings.load import chart_values, divided

DEFAULT_SCENARIO = "ten-thousand"


@click.command()
@scenarios_argument
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
    _, status = carry_out_plan(LocalBackend(settings, folder), settings, folder, Interrupts())
    return status


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
    if not was_kept(folder, lambda: write_values(folder, settings, chart)):
        return 1
    backend = ClusterBackend(release, place, folder, settings, of_the_chart)
    where = f", release {release} in namespace {place.namespace}"
    _, status = carry_out_plan(backend, settings, folder, Interrupts(), where)
    return status
