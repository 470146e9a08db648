"""The results folder of a run: everything that is needed to understand it later."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from long_lived.lab.observation import Observation
from long_lived.lab.verdict import Verdict
from long_lived.settings import Settings

VALUES = "values.yaml"
SUMMARY = "summary.json"
REPORT = "report.txt"
LATEST = "latest"


def make_folder(parent: Path, scenario: str, now: datetime) -> Path:
    """Make a new folder <time>-<scenario> in `parent` and point `latest` to it.

    Raises:
        OSError: the folder cannot be made.
    """
    parent.mkdir(parents=True, exist_ok=True)
    base = f"{now:%Y%m%dT%H%M%S}-{scenario}"
    for attempt in range(1, 1000):
        folder = parent / (base if attempt == 1 else f"{base}-{attempt}")
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        _point_latest(parent, folder.name)
        return folder
    raise FileExistsError(f"{parent / base}: too many runs in one second")


def write_values(
    folder: Path, settings: Settings, chart: Mapping[str, object] | None = None
) -> Path:
    """Keep the effective settings, with the chart's own keys where they are given.

    The processes of the run, or helm, read this very file.
    """
    file = folder / VALUES
    values = {**settings.as_values(), **(chart or {})}
    file.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    return file


def keep(folder: Path, seen: Observation, verdict: Verdict, report: Sequence[str]) -> None:
    """Keep what was seen, what it means, and the report."""
    record: dict[str, Any] = {
        "verdict": {
            "finding": verdict.finding,
            "passed": verdict.passed,
            "words": verdict.words,
            "spread": None if verdict.spread is None else asdict(verdict.spread),
        },
        "restart": None if verdict.aftermath is None else asdict(verdict.aftermath),
        "replicas": seen.replicas,
        "replacements": [asdict(replacement) for replacement in seen.replacements],
        "clock_uncertainty_seconds": seen.clock_uncertainty_seconds,
        "problems": seen.problems,
        "remarks": seen.remarks,
        "server_counts": seen.server_counts,
        "clients": seen.summary,
    }
    (folder / SUMMARY).write_text(f"{json.dumps(record, indent=1)}\n", encoding="utf-8")
    keep_report(folder, report)


def keep_report(folder: Path, report: Sequence[str]) -> None:
    """Keep a report as it was printed."""
    (folder / REPORT).write_text("\n".join(report) + "\n", encoding="utf-8")


def _point_latest(parent: Path, name: str) -> None:
    """Swap the link in one step; a folder of that name, made by hand, is left alone."""
    latest, fresh = parent / LATEST, parent / f".{LATEST}.{name}"
    if latest.exists() and not latest.is_symlink():
        return
    fresh.symlink_to(name)
    fresh.replace(latest)
