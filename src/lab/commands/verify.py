"""The command `verify`: what somebody else's run showed, on a cluster or in saved logs."""

from pathlib import Path

import click

from long_lived.lab.cluster.backend import ClusterBackend
from long_lived.lab.cluster.release import Release
from long_lived.lab.cluster.tools.kubectl import Kubectl, Place
from long_lived.lab.commands.options import (
    app_option,
    format_option,
    out_option,
    place_options,
    refuse,
    refuse_place,
)
from long_lived.lab.commands.running.one_run import carry_out, deliver, new_folder
from long_lived.lab.commands.running.preparation import Target
from long_lived.lab.experiment.backend import Trouble
from long_lived.lab.experiment.course import conclude
from long_lived.lab.experiment.interrupts import Interrupts
from long_lived.lab.logs.saved import outcome_of
from long_lived.lab.report.forms.registry import FORMS
from long_lived.lab.results.origin import origin_here


@click.command()
@place_options
@app_option
@click.option(
    "--from-log",
    "logs",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A saved client log to judge, instead of a cluster. May be repeated.",
)
@click.argument("more_logs", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE]...")
@out_option
@format_option("text", *FORMS)
def verify_command(
    release: str,
    namespace: str,
    context: str,
    app: str,
    logs: tuple[Path, ...],
    more_logs: tuple[Path, ...],
    out: Path,
    form: str,
) -> int:
    """Wait for the newest run of a release, and say what it showed.

    The logs of all client pods are merged. With --from-log FILE... the same is done for logs
    that were saved, of all clients of one run.

    Exit status: 0 the finding is the expected one, 1 it is not or the run is incomplete,
    2 no such release, 130 or 143 interrupted.
    """
    if more_logs and not logs:
        refuse(f"verify {more_logs[0]}: give a log as --from-log {more_logs[0]}")
    if logs:
        refuse_place("a verdict on saved logs")
        return _verify_logs((*logs, *more_logs), out, form)
    place = Place(namespace, context)
    try:
        job = Release(Kubectl(place), release, namespace, app).newest_job()
        folder = new_folder(out, job.name)
        backend = ClusterBackend(release, place, folder, app=app)
    except Trouble as trouble:
        refuse(str(trouble))
    target = Target(release, place)
    first_line = f"{job.name}: {target.words}"
    _, status = carry_out(backend, (), folder, Interrupts(), first_line, target, form=form)
    return status


def _verify_logs(files: tuple[Path, ...], out: Path, form: str) -> int:
    try:
        seen = outcome_of(files)
    except OSError as error:
        refuse(f"--from-log {error.filename}: {error.strerror}: must be a client's log")
    name = "from-log"
    if seen.summary is not None:
        name = seen.summary.settings.experiment.name
    folder = new_folder(out, name)
    return deliver(conclude(seen, folder), folder, origin_here("known from saved logs"), form=form)
