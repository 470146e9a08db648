"""The command `run`: one experiment, on this machine or on a cluster."""

from pathlib import Path

import click

from long_lived.lab.cluster.tools.kubectl import Place
from long_lived.lab.commands.options import (
    out_option,
    place_options,
    refuse,
    set_option,
    where_option,
)
from long_lived.lab.commands.running.foreign import ask_leave, is_foreign, of_url, onlooker_of
from long_lived.lab.commands.running.one_run import carry_out_plan, new_folder
from long_lived.lab.commands.running.preparation import Target, backend_of, lacking, prepared
from long_lived.lab.commands.scenarios import scenarios_argument
from long_lived.lab.experiment.interrupts import Interrupts

DEFAULT_SCENARIO = "ten-thousand"


@click.command()
@scenarios_argument
@set_option
@click.option("--url", default="", help="A service that is there already, instead of servers.")
@click.option(
    "--identity",
    default="",
    metavar="WHERE",
    help="How its answers name the replica: header:NAME, json:KEY, regex:PATTERN, or none.",
)
@click.option(
    "--inspect",
    "looked_at",
    default="",
    metavar="TARGET",
    help="Look meanwhile who holds the connections: service/NAME, deploy/NAME, or local:PORT.",
)
@click.option(
    "--target-namespace",
    "-n",
    default="default",
    show_default=True,
    help="Namespace of what --inspect names.",
)
@click.option("--yes", is_flag=True, help="Load a host that is far away without asking.")
@out_option
@where_option
@place_options
def run(
    scenarios: tuple[str, ...],
    overrides: tuple[str, ...],
    url: str,
    identity: str,
    looked_at: str,
    target_namespace: str,
    yes: bool,
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

    With --url it loads a service that is there already, with 10 users for 30 s unless told
    otherwise: --set client.target... says what is asked of it. It asks before it loads a host that
    is neither this machine nor in the cluster.

    Exit status: 0 the finding is the expected one, 1 it is not or the run is incomplete,
    2 bad settings, 130 or 143 interrupted after the results were written.
    """
    target = Target.chosen(where, release, Place(namespace, context), "a run")
    overrides = (*of_url(url, identity or ("none" if looked_at else "")), *overrides)
    if not scenarios and not is_foreign(overrides):
        scenarios = (DEFAULT_SCENARIO,)
    made = prepared(scenarios, overrides, target)
    if why := lacking(made):
        refuse(why)
    place = Place(target_namespace, context)
    onlooker = onlooker_of(looked_at, place, made.settings) if looked_at else None
    ask_leave(made.settings, on_cluster=target.place is not None, yes=yes)
    folder = new_folder(out, made.settings.experiment.name)
    backend = backend_of(made, folder)
    _, status = carry_out_plan(
        backend, made.settings, folder, Interrupts(), target.words, onlooker=onlooker
    )
    return status
