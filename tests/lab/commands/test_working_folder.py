"""A run in a user's own folder, whose files are named like modules that the project imports."""

import json
import sys
from pathlib import Path

import pytest
from tests.lab.commands.lab import FEW, arguments_of, finished

MODULES = (
    *("settings", "server", "record", "resources", "reaper", "long_lived", "sitecustomize"),
    *("yaml", "requests", "urllib3", "flask", "werkzeug", "pydantic", "click", "scipy"),
    *("json", "signal", "socket", "select", "logging", "threading"),
)
PACKAGES = ("lab", "client", "gevent", "gunicorn", "rich")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a folder full of modules that exit when imported."""
    poison = "raise SystemExit('imported from the working folder')\n"
    for name in MODULES:
        (tmp_path / f"{name}.py").write_text(poison)
    for name in PACKAGES:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(poison)
    return tmp_path


@pytest.mark.parametrize("engine", ["threads", "gevent"])
def test_run_takes_nothing_from_the_working_folder(engine: str, folder: Path) -> None:
    """The lab, its reaper, servers, workers and clients import only what is installed."""
    done = finished(
        [
            *(Path(sys.executable).with_name("long-lived"), "run", "smoke"),
            *arguments_of((*FEW, "server.runtime=gunicorn", f"client.engine={engine}")),
        ],
        cwd=folder,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    record = json.loads((folder / "results" / "latest" / "summary.json").read_text())
    assert record["clients"]["requests"]["answered"] == 40
