"""What the server says while its Go program is being built."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.server.replicas import environment

from long_lived.server.runtimes import RUNTIMES
from long_lived.server.runtimes.go import build

LONGEST_BUILD_SECONDS = 300

NOWHERE = ("--set", "server.runtime=go", "--bind", "192.0.2.1:0")
"""An address of another machine: the server builds, and then refuses to start."""


def lines_of_a_start(cache: Path) -> list[str]:
    """Start a server whose programs lie in `cache`; return its standard error."""
    code = (
        "import pathlib\n"
        "from long_lived.server.runtimes.go import build\n"
        "from long_lived.server.__main__ import main\n"
        f"build.CACHE = pathlib.Path({str(cache)!r})\n"
        f"main({NOWHERE!r})"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=LONGEST_BUILD_SECONDS,
        check=False,
    )
    assert (run.returncode, run.stdout) == (2, "")
    return run.stderr.splitlines()


def test_only_a_real_build_is_announced(tmp_path: Path) -> None:
    """A start that builds says so, and how long it may take; the next one is silent."""
    build.binary(install=True)
    # What Go has already compiled, so that only the program itself is built.
    (tmp_path / "objects").symlink_to(build.CACHE / "objects")
    building, *refusal = lines_of_a_start(tmp_path)
    assert building == f"server: {build.BUILDING}"
    assert "minute" in building
    assert lines_of_a_start(tmp_path) == refusal
    assert len(refusal) == 1


def test_slow_preparation_is_announced_where_there_is_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lab shows that it waits for the build of a Go server, and of no other runtime."""
    build.binary(install=True)
    (tmp_path / "objects").symlink_to(build.CACHE / "objects")
    monkeypatch.setattr(build, "CACHE", tmp_path)
    told: list[str] = []
    for _ in range(2):
        for runtime in RUNTIMES.values():
            runtime.provide(told.append)
    assert told == [build.BUILDING]
