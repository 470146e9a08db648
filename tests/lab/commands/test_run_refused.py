"""What `long-lived run` refuses in one line, before anything starts."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.lab.commands.lab import arguments_of, clean_environment

from long_lived.lab.__main__ import cli

BAD = {
    "unknown-scenario": (["smok"], [], "scenario 'smok' does not exist"),
    "unknown-key": (["smoke"], ["client.users=5"], "client.users"),
    "bad-value": (["smoke"], ["client.concurrency=many"], "client.concurrency"),
    "bad-restart": (
        ["smoke"],
        ["experiment.event.kind=restart", "experiment.event.count=4"],
        "experiment.event.count",
    ),
    "autoscaler": (
        ["smoke"],
        ["server.replicas=null"],
        "server.replicas = null: allowed on this machine is 1 to 1000",
    ),
    "too-large": (
        ["smoke"],
        ["client.concurrency=100000", "client.parallelism=200"],
        "memory: about 20",
    ),
    "no-client": (["smoke"], ["client.enabled=false"], "client.enabled"),
    "missing-file": (["absent.yaml"], [], "absent.yaml"),
    "no-effect": (
        ["smoke"],
        ["client.url=http://127.0.0.1:1/"],
        "client.url = http://127.0.0.1:1/: the lab on this machine starts its own servers",
    ),
    "no-release": (["smoke", "--release", "mine"], [], "--release mine: has no effect"),
    "far-host": (
        ["--url", "https://10.0.0.1/", "--identity", "none"],
        [],
        "about to load https://10.0.0.1/ with 10 users for 30 s, at most 10.0 requests per second "
        "(GET): needs --yes",
    ),
    "identity": (
        ["--url", "http://127.0.0.1:1/", "--identity", "cookie:x"],
        [],
        "client.target.identity = 'cookie:x' is not allowed: must be pod, none, header:NAME, ",
    ),
    "no-secret": (
        ["--url", "http://127.0.0.1:1/"],
        ["client.target.headers.Authorization=env:NO_SUCH_VARIABLE"],
        "client.target.headers.Authorization = env:NO_SUCH_VARIABLE: there is no variable",
    ),
    "nothing-to-look-at": (["smoke", "--inspect", "local:1"], [], "has no effect without --url"),
    "nobody-listens": (
        ["--url", "http://127.0.0.1:1/", "--inspect", "local:1"],
        [],
        "--inspect local:1: no process listens on port 1",
    ),
    "event-without-target": (
        ["--url", "http://127.0.0.1:1/", "--event", "rollout"],
        [],
        "--event rollout and --target KIND/NAME go together",
    ),
    "unknown-flag": (["smoke", "--fast"], [], "--fast"),
}


def refused(*arguments: str) -> str:
    """Run a command that must not start anything; return the one line that refuses it."""
    hidden = dict.fromkeys(os.environ.keys() - clean_environment().keys())
    done = CliRunner(env=hidden).invoke(cli, ["run", *arguments])
    assert done.exit_code == 2, done.output
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("long-lived: error: ")
    return line


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_in_one_line(name: str, tmp_path: Path) -> None:
    """Bad input gives one line on standard error and status 2, and leaves nothing behind."""
    arguments, settings, words = BAD[name]
    out = tmp_path / "results"
    assert words in refused(*arguments, "--out", str(out), *arguments_of(tuple(settings)))
    assert not out.exists()


@pytest.mark.parametrize("below", ["", "/results"], ids=["file", "below-a-file"])
def test_results_that_cannot_be_kept_are_refused(below: str, tmp_path: Path) -> None:
    """An --out that is a file is refused before anything starts."""
    file = tmp_path / "file"
    file.write_text("mine")
    assert str(file) in refused("smoke", "--out", f"{file}{below}")
    assert file.read_text() == "mine"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
