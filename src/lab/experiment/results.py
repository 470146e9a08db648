"""The results folder of a run: everything that is needed to understand it later."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from long_lived.lab.analysis.verdict import Verdict
from long_lived.lab.experiment.outcome import Outcome
from long_lived.lab.report.inspection import as_dict
from long_lived.lab.report.origin import Origin
from long_lived.settings import Settings
from long_lived.settings.values_file import written

VALUES = "values.yaml"
SUMMARY = "summary.json"
REPORT = "report.txt"
LATEST = "latest"


def make_folder(parent: Path, scenario: str, now: datetime) -> Path:
    """Make a new folder <time>-<scenario> in `parent`.

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
        return folder
    raise FileExistsError(f"{parent / base}: too many runs in one second")


def point_latest(folder: Path) -> None:
    """Replace the link beside `folder` in one step; leave alone anything put there by hand.

    Raises:
        OSError: it cannot be made, as on a file system without symbolic links.
    """
    latest, fresh = folder.parent / LATEST, folder.parent / f".{LATEST}.{folder.name}"
    if latest.exists() and not latest.is_symlink():
        return
    fresh.symlink_to(folder.name)
    fresh.replace(latest)


def write_values(
    folder: Path, settings: Settings, chart: Mapping[str, object] | None = None
) -> None:
    """Keep the effective settings, with the chart's own keys where they are given.

    The processes of the run, or helm, read this very file.
    """
    values = {**settings.as_values(), **(chart or {})}
    (folder / VALUES).write_text(written(values), encoding="utf-8")


def keep(
    folder: Path, seen: Outcome, verdict: Verdict, report: Sequence[str], origin: Origin
) -> None:
    """Keep what was seen, what it means, where it comes from, and the report."""
    record: dict[str, Any] = {
        "verdict": {
            "finding": verdict.finding,
            "passed": verdict.passed,
            "words": verdict.words,
            "evidence": verdict.evidence,
            "judged": None if verdict.judged is None else asdict(verdict.judged),
        },
        "effect": None if verdict.effect is None else asdict(verdict.effect),
        "accounts": None if verdict.accounts is None else asdict(verdict.accounts),
        "replicas": seen.replicas,
        "events": [asdict(one) for one in verdict.events],
        "clock_uncertainty_seconds": seen.clock_uncertainty_seconds,
        "problems": seen.problems,
        "remarks": seen.remarks,
        "server_counts": {name: own.model_dump() for name, own in seen.server_counts.items()},
        "inspection": (
            None
            if seen.inspection is None
            else as_dict(seen.inspection, seen.inspected, datetime.now().timestamp())
        ),
        "proxy_cpu_seconds": seen.proxy_cpu_seconds,
        "origin": origin.model_dump(),
        "clients": None if seen.summary is None else seen.summary.as_dict(),
    }
    (folder / SUMMARY).write_text(f"{json.dumps(record, indent=1)}\n", encoding="utf-8")
    keep_report(folder, report)


def keep_report(folder: Path, report: Sequence[str]) -> None:
    """Keep a report as it was printed; file names in it may hold bytes that are not UTF-8."""
    text = "\n".join(report) + "\n"
    (folder / REPORT).write_text(text, encoding="utf-8", errors="surrogateescape")
