"""`long-lived plan`, in this process: it starts nothing."""

import pytest
from click.testing import CliRunner, Result

from long_lived.lab.__main__ import cli


def asked(*arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(cli, ["plan", *arguments])


def test_limit_that_bites_is_named_with_its_remedy() -> None:
    """The report fits 80 columns, and the exit status says that something does not suffice."""
    done = asked("--connections", "1000000", "--replicas", "300", "--set", "server.runtime=go")
    assert done.exit_code == 1, done.output
    assert max(map(len, done.output.splitlines())) <= 80
    text = " ".join(done.output.split())
    assert "1,000,000 connections over 300 replicas" in text
    assert "200 pods of 5,000 connections" in text
    assert "bites connections that a node tracks (nf_conntrack_max), 666,667 of 131,072" in text


def test_plan_that_fits_says_what_would_bite_first() -> None:
    """A scenario is planned as it is; a limit that not every cluster has does not fail it."""
    done = asked("ten-thousand")
    assert done.exit_code == 0, done.output
    text = " ".join(done.output.split())
    assert "1 pod of 10,000 connections" in text
    assert "not every cluster has this limit" in text
    assert "fits the first to bite would be:" in " ".join(asked("smoke").output.split())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nowhere",), "scenario 'nowhere' does not exist"),
        (("--set", "server.replicas=null"), "server.replicas: null: must be a number here"),
        (("--nodes", "0"), "0 is not in the range"),
    ],
)
def test_bad_input_is_one_line(arguments: tuple[str, ...], words: str) -> None:
    """It names what is wrong, with exit status 2."""
    done = asked(*arguments)
    assert done.exit_code == 2
    (line,) = done.stderr.splitlines()
    assert words in line
