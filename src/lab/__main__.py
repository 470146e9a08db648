"""The command `long-lived`."""

import click

from long_lived.lab.commands.group import Commands
from long_lived.lab.terminal import streams

COMMANDS = {
    **{name: name for name in ("run", "compare", "inspect", "scenarios", "verify", "restart")},
    **{name: f"kept.{name}" for name in ("report", "results", "diff")},
    **{name: name for name in ("plan", "chart", "doctor")},
}
"""The module of each command, below `commands`; that of `run` has the command as `run_command`."""


@click.group(
    cls=Commands,
    modules={name: f"long_lived.lab.commands.{module}" for name, module in COMMANDS.items()},
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
