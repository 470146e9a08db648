"""The command `run`: one experiment, on this machine or on a cluster."""

from pathlib import Path

import click

from long_lived.lab.cluster.tools.kubectl import Place
from long_lived.lab.commands.options import (
    format_option,
    out_option,
    place_options,
    refuse,
    set_option,
    where_option,
)
from long_lived.lab.commands.running.foreign import (
    ask_leave,
    is_foreign,
    of_url,
    onlooker_of,
    rollout_of,
    workload_of,
)
from long_lived.lab.commands.running.one_run import carry_out_plan, new_folder
from long_lived.lab.commands.running.preparation import Target, backend_of, lacking, prepared
from long_lived.lab.commands.scenarios import scenarios_argument
from long_lived.lab.experiment.interrupts import Interrupts
from long_lived.lab.report.forms.registry import FORMS

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
    help="Look meanwhile who holds the connections: service/NAME[:PORT], deploy/NAME, local:PORT.",
)
@click.option(
    "--target-namespace",
    "-n",
    default="default",
    show_default=True,
    help="Namespace of what --inspect and --target name.",
)
@click.option(
    "--event", type=click.Choice(["rollout"]), help="What the lab does to --target under load."
)
@click.option(
    "--target",
    "workload",
    default="",
    metavar="KIND/NAME",
    help="Whose pods --event replaces (kubectl rollout restart); asks first.",
)
@click.option("--yes", is_flag=True, help="Load a host that is far away without asking.")
@out_option
@format_option("text", *FORMS)
@where_option
@place_options
def run_command(
    scenarios: tuple[str, ...],
    overrides: tuple[str, ...],
    url: str,
    identity: str,
    looked_at: str,
    target_namespace: str,
    event: str | None,
    workload: str,
    yes: bool,
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

    With --url it loads a service that is there already, with 10 users for 30 s unless told
    otherwise: --set client.target... says what is asked of it. It asks before it loads a host that
    is neither this machine nor in the cluster.
    With a --format for programs, only that is on standard output.

    Exit status: 0 the finding is the expected one, 1 it is not or the run is incomplete,
    2 bad settings, 130 or 143 interrupted after the results were written.
    """
    target = Target.chosen(where, release, Place(namespace, context), "a run")
    if (event is None) != (not workload):
        refuse("--event rollout and --target KIND/NAME go together")
    place = Place(target_namespace, context)
    theirs = workload_of(workload, place) if workload else None
    overrides = (*of_url(url, identity or ("none" if url and looked_at else "")), *overrides)
    if not scenarios and not is_foreign(overrides):
        scenarios = (DEFAULT_SCENARIO,)
    made = prepared(scenarios, overrides, target, theirs.replicas if theirs else None)
    if why := lacking(made):
        refuse(why)
    onlooker = onlooker_of(looked_at, place, made.settings) if looked_at else None
    ask_leave(made.settings, on_cluster=target.place is not None, yes=yes)
    more = [rollout_of(theirs, made.settings, place, yes=yes)] if theirs else []
    folder = new_folder(out, made.settings.experiment.name)
    backend = backend_of(made, folder)
    _, status = carry_out_plan(
        *(backend, made.settings, folder, Interrupts(), target),
        form=form,
        onlooker=onlooker,
        more_events=more,
    )
    return status
