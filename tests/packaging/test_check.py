"""`make check` is the one list of what must pass; CI and hooks call it, or parts of it."""

import re

import pytest
import yaml

from .conftest import ROOT, call

CHECKS = {
    "ruff check": "lint",
    "ruff format --check": "lint",
    "mypy": "lint",
    "lint-imports --no-logo": "lint",
    "python -m long_lived.settings.schema --check": "check-generated",
    "python -m pytest": "test",
}


def commands(*targets: str) -> list[str]:
    """Return the tools that make would run for targets, without folders and further options."""
    done = call("make", "--dry-run", "VENV=.venv", *targets, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    tools = [line.strip().removeprefix(".venv/bin/") for line in done.stdout.splitlines()]
    return [check for tool in tools for check in CHECKS if re.match(rf"{check}( |$)", tool)]


def test_check_runs_each_check_once() -> None:
    """Style, format, types, directions, generated files and tests: all, and none twice."""
    assert sorted(commands("check")) == sorted(CHECKS)


@pytest.mark.parametrize("check", CHECKS)
def test_each_check_has_one_target(check: str) -> None:
    """Whoever wants only one of them knows which target to call."""
    assert [
        target for target in ("lint", "check-generated", "test") if check in commands(target)
    ] == [CHECKS[check]]


def test_ci_runs_the_checks_and_the_main_job_once() -> None:
    """What CI runs, anybody can run by hand."""
    script = (ROOT / ".ci" / "run").read_text()
    assert re.findall(r"^make .*$", script, re.MULTILINE) == ["make check WORKERS=0", "make run"]


def test_hooks_call_targets_of_the_check() -> None:
    """A hook has no command of its own, and fetches none."""
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert repository["repo"] == "local"
    entries = [hook["entry"] for hook in repository["hooks"]]
    assert entries == ["make lint", "make check-generated"]
    assert all(hook["language"] == "system" for hook in repository["hooks"])
