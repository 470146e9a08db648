"""A parent chart that holds this chart several times, as `helm dependency` assembles it."""

from collections.abc import Sequence
from pathlib import Path

import yaml

from .conftest import CHART, helm

ALIASES = ("loadTest", "loadTestTwo", "long-lived")
"""Two in camelCase, one of them a prefix of the other, and the chart under its own name."""


def umbrella(folder: Path, aliases: Sequence[str] = ALIASES) -> Path:
    """Write a parent chart with a dependency for each of `aliases`, and fetch them."""
    metadata = yaml.safe_load((CHART / "Chart.yaml").read_text())
    dependencies = [
        {
            "name": metadata["name"],
            "version": metadata["version"],
            "repository": f"file://{CHART}",
            "condition": f"{alias}.enabled",
            "tags": ["load"],
            **({} if alias == metadata["name"] else {"alias": alias}),
        }
        for alias in aliases
    ]
    chart = {
        **{"apiVersion": "v2", "name": "umbrella", "version": "1.0.0"},
        "dependencies": dependencies,
    }
    folder.mkdir(parents=True)
    (folder / "Chart.yaml").write_text(yaml.safe_dump(chart))
    done = helm("dependency", "update", "--skip-refresh", str(folder))
    assert done.returncode == 0, done.stderr
    return folder
