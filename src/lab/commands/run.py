"""The command `run`: one experiment, on this machine or on a cluster."""

from pathlib import Path

import click

from long_lived.lab.cluster.tools.kubectl import Place
from long_lived.lab.commands.one_run import carry_out_plan, new_folder
from long_lived.lab.commands.options import (
    format_option,
    out_option,
    place_options,
    refuse,
    set_option,
    where_option,
)
from long_lived.lab.commands.preparation import Target, backend_of, lacking, prepared
from long_lived.lab.commands.scenarios import scenarios_argument
from long_lived.lab.experiment.interrupts import Interrupts
from long_lived.lab.report.forms.registry import FORMS

DEFAULT_SCENARIO = "ten-thousand"


@click.command()
@scenarios_argument
@set_option
@out_option
@format_option("text", *FORMS)
@where_option
@place_options
def run(
    scenarios: tuple[str, ...],
    overrides: tuple[str, ...],
    out: Path,
    form: str,
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

    With a --format for programs, only that is on standard output.

    Exit status: 0 the finding is the expected one, 1 it is not or the run is incomplete,
    2 bad settings, 130 or 143 interrupted after the results were written.
    """
    target = Target.chosen(where, release, Place(namespace, context), "a run")
    made = prepared(scenarios or (DEFAULT_SCENARIO,), overrides, target)
    if why := lacking(made):
        refuse(why)
    folder = new_folder(out, made.settings.experiment.name)
    backend = backend_of(made, folder)
    _, status = carry_out_plan(backend, made.settings, folder, Interrupts(), target, form=form)
    return status
