"""The command `diff`: two runs that were kept, side by side."""

from pathlib import Path

import click

from long_lived.lab.analysis.difference import TOLERANCE, Side, Trend, compared, verdicts
from long_lived.lab.analysis.trade import Trade, trade
from long_lived.lab.commands.options import refuse
from long_lived.lab.experiment.matrix import Unreadable
from long_lived.lab.report.difference import lines
from long_lived.lab.report.differing import differing
from long_lived.lab.results.saved_run import SavedRun, saved_run


@click.command()
@click.argument("first", metavar="A", type=click.Path(path_type=Path))
@click.argument("second", metavar="B", type=click.Path(path_type=Path))
@click.option(
    "--tolerance",
    type=click.FloatRange(0, 10),
    default=TOLERANCE,
    show_default=True,
    help="Part by which times and CPU must differ to be more than noise.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["worse"]),
    help="Exit with status 1 if B has a worse verdict, or any number that is worse.",
)
def diff_command(first: Path, second: Path, tolerance: float, fail_on: str | None) -> int:
    """Compare two runs that were kept: what was set, what was found, and whether that is noise.

    A and B are results folders, or their summary.json alone: a baseline is one file.

    Counts are compared by what chance makes of them. Times and CPU also have to differ by
    --tolerance: what a busy machine does to them, one run does not tell.

    Exit status: 0, or 1 with --fail-on worse, 2 one of them is no run.
    """
    a, b = _side(first), _side(second)
    rows = compared(a, b, tolerance)
    verdict = verdicts(a.verdict, b.verdict)
    settings = differing(a.summary.settings, b.summary.settings)
    findings = (str(a.verdict.finding), str(b.verdict.finding))
    print("\n".join(lines((str(first), str(second)), settings, findings, verdict, rows)))
    worse = Trend.WORSE in (verdict, *(one.change for one in rows))
    return 1 if fail_on and worse else 0


def _side(folder: Path) -> Side:
    try:
        run = saved_run(folder)
    except Unreadable as error:
        refuse(str(error))
    if run.seen.summary is None:
        refuse(f"{folder}: its clients left no summary; must be a run that can be compared")
    return Side(run.seen.summary, run.verdict, _trade(run))


def _trade(run: SavedRun) -> Trade:
    seen = run.seen
    return trade(seen.summary, run.verdict, seen.server_counts.values(), seen.proxy_cpu_seconds)
