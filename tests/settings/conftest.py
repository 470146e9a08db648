"""Values files and real programs for the tests of the settings."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

BOUND_SECONDS = 30

WriteValues = Callable[..., Path]
Refusal = Callable[..., str]


@pytest.fixture
def write_values(tmp_path: Path) -> WriteValues:
    """Write a values file, a new one for each call."""

    def write(content: str | bytes) -> Path:
        file = tmp_path / f"values-{len(list(tmp_path.iterdir()))}.yaml"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    return write


@pytest.fixture(params=["client", "server"])
def refusal(request: pytest.FixtureRequest) -> Refusal:
    """Run a real program that must not start; return the reason in its one line."""
    program = request.param

    def refuse(*arguments: str, **variables: str) -> str:
        kept = {key: value for key, value in os.environ.items() if "LONG_LIVED" not in key}
        run = subprocess.run(
            [sys.executable, "-m", f"long_lived.{program}", *arguments],
            env=kept | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=BOUND_SECONDS,
            check=False,
        )
        assert run.returncode == 2, run.stderr
        assert run.stdout == ""
        (line,) = run.stderr.splitlines()
        start = f"{program}: error: "
        assert line.startswith(start)
        return line.removeprefix(start)

    return refuse
