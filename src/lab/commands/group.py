"""The commands as a group, and how their usage errors are told."""

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click


class Commands(click.Group):
    """Commands that are imported when they are asked for, each from a module of its own.

    Usage errors are one line with exit status 2, as everywhere else.
    """

    def __init__(self, *args: Any, modules: Mapping[str, str], **kwargs: Any) -> None:
        """Take the module of each command by name; the module of `run` has `run_command`."""
        super().__init__(*args, **kwargs)
        self._modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of all commands."""
        return sorted(self._modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command."""
        if cmd_name not in self._modules:
            return None
        module = import_module(self._modules[cmd_name])
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command

    def main(self, *args, **kwargs):  # type: ignore[no-untyped-def]
        """Run; turn click's complaints into `refuse`."""
        kwargs["standalone_mode"] = False
        try:
            status = super().main(*args, **kwargs)
        except click.exceptions.NoArgsIsHelpError as error:
            print(error.format_message(), file=sys.stderr)
            sys.exit(error.exit_code)
        except click.ClickException as error:
            # Not earlier: `--version` and the shell's completion need no settings.
            from long_lived.lab.commands.options import refuse

            refuse(f"{error.format_message()} (see --help)")
        except click.Abort:
            sys.exit(130)
        sys.exit(status)
