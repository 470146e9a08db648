"""The command `chart`, which writes the Helm chart to where helm can read it."""

import shutil
from pathlib import Path

import click

from long_lived.lab.commands.options import refuse
from long_lived.settings.places import CHART


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("long-lived-chart"),
    show_default=True,
    help="Folder for the chart; it must not exist, or be empty.",
)
def chart_command(out: Path) -> int:
    """Write the Helm chart into a folder, for helm or for a repository of manifests.

    `run --on cluster` needs no such copy.
    """
    try:
        if out.exists() and any(out.iterdir()):
            refuse(f"--out {out}: not empty: must be a new or empty folder")
        shutil.copytree(CHART, out, dirs_exist_ok=True)
    except OSError as error:
        refuse(f"--out {out}: {error.strerror}: must be a folder that can be written")
    click.echo(f"written: {out}\nhelm install long-lived {out}")
    return 0
