"""What commands share on the command line: options, and how errors are told in one line."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click
from click.core import ParameterSource

from long_lived.settings.arguments import USAGE_STATUS
from long_lived.settings.errors import one_line


def complain(reason: str) -> None:
    """Say in one line what went wrong with the lab itself."""
    print(f"long-lived: error: {one_line(reason)}", file=sys.stderr)


def warn(caution: str) -> None:
    """Say in one line what may go less well than it could."""
    print(f"long-lived: warning: {one_line(caution)}", file=sys.stderr)


def refuse(reason: str) -> NoReturn:
    """Say in one line why the lab cannot start, and exit with status 2."""
    complain(reason)
    sys.exit(USAGE_STATUS)


set_option = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="One setting, as for Helm: --set client.concurrency=500. May be repeated.",
)
out_option = click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("results"),
    show_default=True,
    help="Folder for the results folders.",
)


def format_option(*forms: str) -> Callable[..., Any]:
    """Return the option for what is printed; the first of `forms` is the default."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(forms),
        default=forms[0],
        show_default=True,
        help="What is printed. JSON is one object a line.",
    )


where_option = click.option(
    "--on",
    "where",
    type=click.Choice(["local", "cluster"]),
    default="local",
    show_default=True,
    help="Processes on this machine, or a Helm release on a Kubernetes cluster.",
)
context_option = click.option(
    "--context", default="", help="Kubernetes context; default: the current one."
)


def place_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say which release is meant."""
    for option in (
        context_option,
        click.option("--namespace", default="long-lived", show_default=True, help="Namespace."),
        click.option("--release", default="long-lived", show_default=True, help="Helm release."),
    ):
        command = option(command)
    return command


app_option = click.option(
    "--app",
    default="",
    metavar="NAME",
    help="Which one, if the release contains several: its label app.kubernetes.io/name.",
)


def refuse_place(command: str) -> None:
    """Refuse the options of `place_options` where `command` has no release to look for."""
    context = click.get_current_context()
    for name in ("release", "namespace", "context"):
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT:
            refuse(f"--{name} {context.params[name]}: has no effect in {command}")
