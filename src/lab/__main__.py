"""The command `long-lived`."""

import click

from long_lived.lab.commands.chart import chart
from long_lived.lab.commands.compare import compare
from long_lived.lab.commands.doctor import doctor
from long_lived.lab.commands.inspect import inspect_command
from long_lived.lab.commands.kept.diff import diff
from long_lived.lab.commands.kept.report import report
from long_lived.lab.commands.kept.results import results
from long_lived.lab.commands.options import OneLineErrors
from long_lived.lab.commands.plan import plan_command
from long_lived.lab.commands.restart import restart
from long_lived.lab.commands.run import run
from long_lived.lab.commands.scenarios import scenarios
from long_lived.lab.commands.verify import verify
from long_lived.lab.terminal import streams


@click.group(
    cls=OneLineErrors, context_settings={"help_option_names": ["-h", "--help"]}, name="long-lived"
)
@click.version_option(package_name="long-lived")
def cli() -> None:
    """Show, prove and compare what long-lived connections do to load balancing."""


for command in (
    *(run, compare, inspect_command, scenarios, verify, restart),
    *(report, results, diff, plan_command, chart, doctor),
):
    cli.add_command(command)


def main() -> None:
    """Run the command line."""
    streams.set_up()
    cli(prog_name="long-lived")


if __name__ == "__main__":
    main()
