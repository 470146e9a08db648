"""The command `compare`: remedies against the same load and event, side by side."""

import math
import shutil
import sys
import time
from collections.abc import Sequence
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from statistics import median

import click
from click.core import ParameterSource

from long_lived.lab.analysis.trade import trade
from long_lived.lab.cluster.tools.kubectl import Place
from long_lived.lab.commands.options import (
    format_option,
    out_option,
    place_options,
    refuse,
    set_option,
    where_option,
)
from long_lived.lab.commands.running.one_run import carry_out_plan, new_folder, show_page, was_kept
from long_lived.lab.commands.running.preparation import (
    Prepared,
    Target,
    backend_of,
    lacking,
    prepared,
)
from long_lived.lab.commands.scenarios import matrix_files, scenarios_argument
from long_lived.lab.experiment.interrupts import Interrupts
from long_lived.lab.experiment.matrix import Matrix, Plan, Unreadable
from long_lived.lab.experiment.results import keep_report
from long_lived.lab.report.columns import labelled
from long_lived.lab.report.comparison import advice, table
from long_lived.lab.report.forms.registry import COMPARISON_FORMS
from long_lived.lab.results.saved_comparison import comparison_facts, page_of_comparison
from long_lived.settings import Settings, SettingsError
from long_lived.settings.load import chart_values
from long_lived.settings.places import SCENARIOS

COMMAND = "a comparison"
REMEDIES = ("remedies",)

AROUND_SECONDS = 6.0
"""What a run takes beyond its load, until one has shown it."""


@click.command()
@scenarios_argument
@click.option(
    "--event",
    default="restart",
    show_default=True,
    metavar="KIND",
    help="What happens in each run: a file of values/events, which sets the load, too.",
)
@click.option(
    "--repeat",
    type=click.IntRange(1, 100),
    default=1,
    show_default=True,
    help="How often each is run; the table then has medians.",
)
@click.option(
    "--resume",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Go on with the comparison in this results folder, as it was begun.",
)
@set_option
@out_option
@format_option("text", *COMPARISON_FORMS)
@where_option
@place_options
def compare_command(
    scenarios: tuple[str, ...],
    event: str,
    repeat: int,
    resume: Path | None,
    overrides: tuple[str, ...],
    out: Path,
    form: str,
    where: str,
    release: str,
    namespace: str,
    context: str,
) -> int:
    """Run remedies one after the other against the same load and event, side by side.

    Default: every file in values/remedies. A name is that of a remedy, of a scenario, or of a
    folder of values/, which stands for all of its files. What a file says goes on top of the
    event's; --set applies to all. Random delays and think times are the same for all.
    With a --format for programs, only that is on standard output.

    Exit status: 0 every finding is the expected one, 1 one is not, 2 bad settings, 130 or 143
    interrupted: what was done is kept, and --resume goes on.
    """
    place = Place(namespace, context)
    if resume is None:
        target = Target.chosen(where, release, place, COMMAND)
        matrix = _begun(scenarios or REMEDIES, event, repeat, overrides, out, target)
    else:
        matrix = _resumed(resume)
        target = Target.chosen(matrix.plan.on, release, place, COMMAND)
    if form == "text":
        return _carry_out(matrix, target)
    with redirect_stdout(sys.stderr):
        status = _carry_out(matrix, target)
    print(COMPARISON_FORMS[form](comparison_facts(matrix)), end="", flush=True)
    return status


def _begun(
    names: Sequence[str],
    event: str,
    repeat: int,
    overrides: Sequence[str],
    out: Path,
    target: Target,
) -> Matrix:
    """Begin a comparison once all of its settings have proved good."""
    base = SCENARIOS / "events" / f"{event}.yaml"
    if not base.is_file():
        kinds = ", ".join(sorted(file.stem for file in base.parent.glob("*.yaml")))
        refuse(f"--event {event}: must be one of {kinds}")
    files: dict[str, str] = {}
    skipped: dict[str, str] = {}
    try:
        for file in matrix_files(names):
            run = prepared([str(base), str(file)], overrides, target)
            name = run.settings.experiment.name
            if files.setdefault(name, str(file.resolve())) != str(file.resolve()):
                refuse(f"{file} and {files[name]}: both have experiment.name = {name}")
            if target.place is None and (why := _not_here(file, run)):
                skipped[name] = why
    except SettingsError as error:
        refuse(str(error))
    plan = Plan(
        base=str(base), files=files, overrides=list(overrides), repeat=repeat, on=target.where
    )
    return Matrix(new_folder(out, "compare"), plan, skipped)


def _not_here(file: Path, run: Prepared) -> str | None:
    """Say why a remedy cannot be tried on this machine; None where it can."""
    if keys := chart_values([file]):
        return f"{', '.join(keys)}: only a cluster has that (--on cluster)"
    return lacking(run)


def _resumed(folder: Path) -> Matrix:
    given = click.get_current_context()
    for name in ("scenarios", "event", "repeat", "overrides", "where"):
        if given.get_parameter_source(name) is not ParameterSource.DEFAULT:
            refuse(f"--resume {folder}: goes on as it was begun; must be given alone")
    try:
        return Matrix.resumed(folder)
    except Unreadable as error:
        refuse(f"--resume {error}")


def _make_anew(folder: Path) -> None:
    """Make the folder of a run, without what one that was cut has left there."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir()


def _carry_out(matrix: Matrix, target: Target) -> int:
    plan, interrupts = matrix.plan, Interrupts()
    took: list[float] = []
    while left := list(matrix.left()):
        repeat, name = left[0]
        overrides = [f"client.seed={repeat}", *plan.overrides]
        run = prepared([plan.base, plan.files[name]], overrides, target)
        print(_progress(matrix, len(left), name, run.settings, took), flush=True)
        folder = matrix.folder / f"{name}-{repeat}"
        if not was_kept(folder, partial(_make_anew, folder)):
            return 1
        began = time.monotonic()
        backend = backend_of(run, folder)
        found, status = carry_out_plan(
            backend, run.settings, folder, interrupts, target, brief=True
        )
        if found.seen.stopped_by is not None:
            _show(matrix)
            print(f"\nnot complete; to go on: long-lived compare --resume {matrix.folder}")
            return status
        took.append(time.monotonic() - began)
        measured = trade(
            found.seen.summary,
            found.verdict,
            found.seen.server_counts.values(),
            found.seen.proxy_cpu_seconds,
        )
        if not was_kept(folder, partial(matrix.enter, name, measured)):
            return 1
        print(flush=True)
    lines = _show(matrix)
    kept = was_kept(matrix.folder, lambda: keep_report(matrix.folder, lines))
    kept = kept and show_page(matrix.folder, page_of_comparison(matrix))
    return 0 if kept and all(row.passed for row in matrix.rows().values()) else 1


def _progress(
    matrix: Matrix, left: int, name: str, settings: Settings, took: Sequence[float]
) -> str:
    """Say which run comes, and how long the rest takes."""
    plan = matrix.plan
    of_all = (len(plan.files) - len(matrix.skipped)) * plan.repeat
    each = median(took) if took else settings.client.duration_seconds + AROUND_SECONDS
    return f"{of_all - left + 1} of {of_all}: {name}, about {math.ceil(left * each / 60)} min left"


def _show(matrix: Matrix) -> list[str]:
    rows = matrix.rows()
    lines = [*table(rows, matrix.skipped), "", *advice(rows)]
    print("\n".join([*lines, *labelled("results", str(matrix.folder))]), flush=True)
    return lines
