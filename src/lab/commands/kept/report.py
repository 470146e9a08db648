"""The command `report`: the pages of results that were kept."""

from pathlib import Path

import click

from long_lived.lab.commands.options import complain, refuse
from long_lived.lab.experiment.matrix import Unreadable
from long_lived.lab.experiment.results import LATEST
from long_lived.lab.results.pages import page_of, write_page


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
            page = page_of(folder)
        except Unreadable as error:
            refuse(str(error))
        try:
            print(write_page(folder, page), flush=True)
        except OSError as error:
            complain(f"{folder} lacks its page: {error.strerror}")
            status = 1
    return status
