"""The command `report`: the pages of results that were kept."""

from pathlib import Path

import click

from long_lived.lab.commands.options import complain, refuse
from long_lived.lab.experiment.results import LATEST
from long_lived.lab.results.pages import page_of_run, write_page
from long_lived.lab.results.saved_run import Unreadable, saved_run


@click.command()
@click.argument(
    "folders",
    nargs=-1,
    metavar="[RESULTS]...",
    type=click.Path(path_type=Path),
)
def report(folders: tuple[Path, ...]) -> int:
    """Write the page of results into their folders: report.html, one file that needs no network.

    RESULTS are folders below results/; default: results/latest. `run`, `compare`, `verify` and
    `inspect` write it, too.

    Exit status: 0 written, 1 it cannot be written, 2 a folder holds no result.
    """
    status = 0
    for folder in folders or (Path("results") / LATEST,):
        try:
            run = saved_run(folder)
        except Unreadable as error:
            refuse(str(error))
        page = page_of_run(run.seen, run.verdict, run.origin, folder.resolve().name)
        try:
            print(write_page(folder, page), flush=True)
        except OSError as error:
            complain(f"{folder} lacks its page: {error.strerror}")
            status = 1
    return status
