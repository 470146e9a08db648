"""Shell completion: commands, scenarios and files."""

import os
import subprocess
import sys

import pytest

from long_lived.lab.__main__ import cli
from long_lived.lab.commands.scenarios import known, remedies

BOUND_SECONDS = 60
LAB = [sys.executable, "-m", "long_lived.lab"]


def completed(line: str, **variables: str) -> list[tuple[str, str]]:
    """Return the kind and text of each completion that the shell is offered for `line`."""
    words = line.split(" ")
    done = subprocess.run(
        [*LAB],
        env=os.environ
        | {"_LONG_LIVED_COMPLETE": "bash_complete", "COMP_WORDS": line}
        | {"COMP_CWORD": str(len(words) - 1)}
        | variables,
        capture_output=True,
        text=True,
        timeout=BOUND_SECONDS,
        check=False,
    )
    assert done.stderr == ""
    pairs = [entry.split(",", 1) for entry in done.stdout.splitlines()]
    return [(kind, text) for kind, text in pairs]


def test_shell_completes_commands() -> None:
    """Every command is offered, or only those that start with what was typed."""
    assert {text for _, text in completed("long-lived ")} == set(cli.commands)
    assert completed("long-lived do") == [("plain", "doctor")]


@pytest.mark.parametrize("command", ["run", "compare"])
def test_shell_completes_scenarios(command: str) -> None:
    """Scenarios are offered by name; where none matches, the shell completes files."""
    names = [("plain", name) for name in [*known(), *remedies()]]
    assert completed(f"long-lived {command} ") == [("file", ""), *names]
    assert completed(f"long-lived {command} smoke ") == [("file", ""), *names]
    assert completed(f"long-lived {command} smo") == [("file", "smo"), ("plain", "smoke")]
    assert completed(f"long-lived {command} ./mi") == [("file", "./mi")]
