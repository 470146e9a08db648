"""The command-line flags that all apps share, and how an app refuses bad settings."""

import argparse
import ipaddress
import sys
from pathlib import Path
from typing import NoReturn

from long_lived.settings.errors import ENVIRONMENT_PREFIX, SettingsError, one_line
from long_lived.settings.load import load
from long_lived.settings.model import Settings

USAGE_STATUS = 2
"""Exit status for bad settings or usage."""


def parser(program: str, description: str) -> argparse.ArgumentParser:
    """Return a parser for `--values` and `--set`, to which an app adds its own flags."""
    made = _Parser(
        prog=program,
        description=description,
        allow_abbrev=False,
        epilog=f"Every setting is also a variable: client.thinkTime.minSeconds is "
        f"{ENVIRONMENT_PREFIX}CLIENT__THINK_TIME__MIN_SECONDS. --set wins over the environment, "
        "and the environment over the files.",
    )
    made.add_argument(
        "--values",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="values file, as for Helm; may be repeated, later files win",
    )
    made.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        dest="overrides",
        help="one setting, as for Helm: --set client.concurrency=500; may be repeated",
    )
    made.add_argument(
        "--metrics-address",
        metavar="ADDRESS",
        type=_address,
        help="where to serve metrics, with metrics.enabled (default: all interfaces)",
    )
    return made


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not allowed: must be an IP address"
        ) from None


class _Parser(argparse.ArgumentParser):
    """A parser that refuses in one line."""

    def error(self, message: str) -> NoReturn:
        refuse(self.prog, f"{message} (see --help)")


def settings_from(arguments: argparse.Namespace, program: str) -> Settings:
    """Load what the flags name; refuse bad settings in one line with exit status 2."""
    try:
        return load(arguments.values, arguments.overrides)
    except SettingsError as error:
        refuse(program, str(error))


def refuse(program: str, reason: str) -> NoReturn:
    """Say in one line why `program` cannot start, and exit with status 2."""
    print(f"{program}: error: {one_line(reason)}", file=sys.stderr)
    raise SystemExit(USAGE_STATUS)
