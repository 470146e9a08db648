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


def tools(*targets: str) -> list[str]:
    """Return the command lines that make would run for targets."""
    done = call("make", "--dry-run", "VENV=.venv", *targets, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return [line.strip().removeprefix(".venv/bin/") for line in done.stdout.splitlines()]


def commands(*targets: str) -> list[str]:
    """Return which of CHECKS make would run for targets, each as often as it is run."""
    return [
        check for tool in tools(*targets) for check in CHECKS if re.match(rf"{check}( |$)", tool)
    ]


def test_check_runs_each_check() -> None:
    """Style, format, types, directions, generated files and tests: none is left out."""
    assert set(commands("check")) == set(CHECKS)


def test_check_runs_each_test_once() -> None:
    """What is run apart is left out of the last call, and nothing else is."""
    calls = [tool.split() for tool in tools("test") if "-m pytest" in tool]
    rest, *others = sorted(calls, key=lambda call: "--ignore=" not in " ".join(call))
    apart = [word for call in others for word in call if word.startswith("tests/")]
    assert len(apart) == len(set(apart)) >= len(others) > 0
    assert sorted(word for word in rest if word.startswith("--ignore=")) == [
        f"--ignore={folder}" for folder in sorted(apart)
    ]
    assert not [word for word in rest if word.startswith("tests")]


@pytest.mark.parametrize("check", CHECKS)
def test_each_check_has_one_target(check: str) -> None:
    """Whoever wants only one of them knows which target to call."""
    assert [
        target for target in ("lint", "check-generated", "test") if check in commands(target)
    ] == [CHECKS[check]]


def test_ci_runs_the_checks_and_the_main_job_once() -> None:
    """What CI runs, anybody can run by hand."""
    script = (ROOT / ".ci" / "run").read_text()
    assert re.findall(r"^make .*$", script, re.MULTILINE) == ["make check", "make run"]


def test_hooks_call_targets_of_the_check() -> None:
    """A hook has no command of its own, and fetches none."""
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert repository["repo"] == "local"
    entries = [hook["entry"] for hook in repository["hooks"]]
    assert entries == ["make lint", "make check-generated"]
    assert all(hook["language"] == "system" for hook in repository["hooks"])
