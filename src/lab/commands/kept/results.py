"""The command `results`: what is kept in the folder of results, and what can go."""

from pathlib import Path

import click

from long_lived.lab.commands.options import out_option, refuse
from long_lived.lab.report.columns import COLUMNS, labelled, short
from long_lived.lab.results.listing import Kept, kept_in, prune

MOST_NAME, MOST_FINDING = 30, 14


@click.group(invoke_without_command=True)
@out_option
@click.pass_context
def results_command(context: click.Context, out: Path) -> int:
    """List the results that are kept, newest first: when, scenario, verdict, settings that differ.

    Settings are those that are not the scenario's of that name.
    """
    if context.invoked_subcommand is not None:
        return 0
    try:
        found = kept_in(out)
    except OSError as error:
        refuse(f"--out {out}: {error.strerror}: must be a folder of results")
    for one in found:
        print("\n".join(_lines(one)))
    if not found:
        print(f"{out} holds no results")
    return 0


@results_command.command("prune")
@click.option(
    "--keep",
    type=click.IntRange(0, 100_000),
    default=20,
    show_default=True,
    help="How many of the newest stay.",
)
@out_option
def prune_command(keep: int, out: Path) -> int:
    """Delete the oldest results, and nothing that is not a result."""
    try:
        gone = prune(out, keep)
    except OSError as error:
        refuse(f"--out {out}: {error.filename or out}: {error.strerror}")
    for folder in gone:
        print(f"deleted: {folder}")
    print(f"{len(gone)} deleted, {len(kept_in(out))} kept")
    return 0


def _lines(one: Kept) -> list[str]:
    finding = one.finding or "no verdict"
    head = f"{one.when}  {short(one.name, MOST_NAME):<{MOST_NAME}}  {finding:<{MOST_FINDING}}"
    told = ", ".join(f"{each.key}={each.ours}" for each in one.settings)
    if not told:
        return [head.rstrip()]
    if len(head) + 2 + len(told) <= COLUMNS:
        return [f"{head}  {told}"]
    return [head.rstrip(), *labelled("", told)]
