"""Shell completion: commands, scenarios and files."""

import os
import subprocess
import sys

import pytest
from click.testing import CliRunner
from tests.lab.commands.lab import finished

from long_lived.lab.__main__ import COMMANDS, cli
from long_lived.lab.commands.scenarios import known, remedies

BOUND_SECONDS = 60


def asked(line: str) -> dict[str, str]:
    """Return the variables with which the shell asks for completions of `line`."""
    words = {"COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    return {"_LONG_LIVED_COMPLETE": "bash_complete", **words}


def completed(line: str) -> list[tuple[str, str]]:
    """Return the kind and text of each completion that the shell is offered for `line`."""
    done = CliRunner(env=asked(line)).invoke(cli, [], prog_name="long-lived")
    assert (done.exit_code, done.stderr) == (0, "")
    return [(kind, text) for kind, _, text in (one.partition(",") for one in done.stdout.split())]


def test_command_itself_answers_the_shell() -> None:
    """The process says nothing but the completions."""
    done = subprocess.run(
        [sys.executable, "-m", "long_lived.lab"],
        env=os.environ | asked("long-lived do"),
        capture_output=True,
        text=True,
        timeout=BOUND_SECONDS,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("plain,doctor\n", "")


def test_version_is_said_without_the_settings() -> None:
    """It comes at once: pydantic takes longer to import than everything else that it needs."""
    code = (
        "import sys; from long_lived.lab.__main__ import cli\n"
        "try: cli(['--version'], prog_name='long-lived')\n"
        "except SystemExit: print({'pydantic', 'rich', 'yaml'} & {*sys.modules})"
    )
    assert finished([sys.executable, "-c", code]).stdout == "long-lived, version 0.1.0\nset()\n"


def test_shell_completes_commands() -> None:
    """Every command is offered, or only those that start with what was typed."""
    assert {text for _, text in completed("long-lived ")} == COMMANDS.keys()
    assert completed("long-lived do") == [("plain", "doctor")]


@pytest.mark.parametrize("command", ["run", "compare"])
def test_shell_completes_scenarios(command: str) -> None:
    """Scenarios are offered by name; where none matches, the shell completes files."""
    names = [("plain", name) for name in [*known(), *remedies()]]
    assert completed(f"long-lived {command} ") == [("file", ""), *names]
    assert completed(f"long-lived {command} smoke ") == [("file", ""), *names]
    assert completed(f"long-lived {command} smo") == [("file", "smo"), ("plain", "smoke")]
    assert completed(f"long-lived {command} ./mi") == [("file", "./mi")]
