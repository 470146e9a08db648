"""The command `long-lived`."""

import click

from long_lived.lab.commands.group import Commands
from long_lived.lab.terminal import streams

COMMANDS = {
    module.rpartition(".")[2]: f"long_lived.lab.commands.{module}"
    for module in (
        *("run", "compare", "inspect", "scenarios", "verify", "restart"),
        *("kept.report", "kept.results", "kept.diff", "plan", "chart", "doctor"),
    )
}
"""The module of each command."""


@click.group(
    cls=Commands,
    modules=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
    name="long-lived",
)
@click.version_option(package_name="long-lived")
def cli() -> None:
    """Show, prove and compare what long-lived connections do to load balancing."""


def main() -> None:
    """Run the command line."""
    streams.set_up()
    cli(prog_name="long-lived")


if __name__ == "__main__":
    main()
