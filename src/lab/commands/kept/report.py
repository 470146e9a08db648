"""The command `report`: the pages of results that were kept."""

from pathlib import Path

import click

from long_lived.lab.commands.options import complain, format_option, refuse
from long_lived.lab.experiment.matrix import Unreadable
from long_lived.lab.experiment.results import LATEST
from long_lived.lab.report.forms.registry import FORMS, schema
from long_lived.lab.results.connections_csv import connections_csv
from long_lived.lab.results.pages import form_of, page_of, write_page
from long_lived.lab.results.picture import picture
from long_lived.lab.results.saved_run import saved_run


@click.command()
@click.argument(
    "folders",
    nargs=-1,
    metavar="[RESULTS]...",
    type=click.Path(path_type=Path),
)
@format_option("html", "svg", "connections", *FORMS)
@click.option("--print-schema", is_flag=True, help="Print the schema of the JSON, and end.")
def report_command(folders: tuple[Path, ...], form: str, print_schema: bool) -> int:
    """Write the page of results into their folders: report.html, one file that needs no network.

    RESULTS are folders below results/; default: results/latest. `run`, `compare`, `verify` and
    `inspect` write it, too. With another --format a run or a comparison is printed in that form;
    svg is a picture of a run's timeline, and connections CSV with a row for each, from the logs of
    the run's clients.

    Exit status: 0 written, 1 it cannot be written, 2 a folder holds no result.
    """
    if print_schema:
        print(schema(), end="")
        return 0
    status = 0
    for folder in folders or (Path("results") / LATEST,):
        try:
            if form in FORMS:
                print(form_of(folder, form), end="", flush=True)
                continue
            if form == "connections":
                print(connections_csv(folder), end="", flush=True)
                continue
            if form == "svg":
                print(picture(saved_run(folder).facts), end="", flush=True)
                continue
            print(write_page(folder, page_of(folder)), flush=True)
        except Unreadable as error:
            refuse(str(error))
        except OSError as error:
            complain(f"{folder} lacks its page: {error.strerror}")
            status = 1
    return status
