"""The results that are kept in a folder: what they are, and which of them can go."""

import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from long_lived.lab.experiment.matrix import FILE as COMPARISON
from long_lived.lab.experiment.matrix import Matrix, Unreadable
from long_lived.lab.experiment.results import LATEST, REPORT, SUMMARY, VALUES
from long_lived.lab.report.differing import Difference, differing
from long_lived.lab.results.saved_inspection import INSPECTION, saved_inspection
from long_lived.record.base import Record
from long_lived.settings import Settings, SettingsError, load
from long_lived.settings.places import SCENARIOS

NAMED = re.compile(r"(\d{8})T(\d{6})-(.+)")
"""How the lab calls the folder of a result."""

FILES = (VALUES, SUMMARY, REPORT, COMPARISON, INSPECTION)
"""A folder with one of these is a result's."""


@dataclass(frozen=True)
class Kept:
    """One result."""

    folder: Path
    when: str
    name: str
    finding: str
    """Empty where it has none, as of a run that was killed."""
    settings: Sequence[Difference] = field(default=())
    """Those that are not the scenario's of its name, or the defaults."""


class _Verdict(Record):
    finding: str


class _Clients(Record):
    settings: Settings


class _Run(Record):
    verdict: _Verdict
    clients: _Clients | None


def kept_in(parent: Path) -> list[Kept]:
    """List the results in a folder, newest first.

    Raises:
        OSError: it cannot be read.
    """
    folders = [one for one in parent.iterdir() if _is_result(one)]
    return [_kept(one) for one in sorted(folders, key=lambda one: one.name, reverse=True)]


def prune(parent: Path, keep: int) -> list[Path]:
    """Delete the oldest results until `keep` are left, and return which.

    Nothing else in the folder is touched.

    Raises:
        OSError: one cannot be deleted.
    """
    folders = sorted((one for one in parent.iterdir() if _is_result(one)), key=lambda one: one.name)
    going = folders[: max(0, len(folders) - keep)]
    for folder in going:
        shutil.rmtree(folder)
    latest = parent / LATEST
    if latest.is_symlink() and not latest.exists():
        latest.unlink()
    return going


def _is_result(folder: Path) -> bool:
    if folder.is_symlink() or not folder.is_dir() or not NAMED.fullmatch(folder.name):
        return False
    names = {one.name for one in folder.iterdir()}
    return not names or bool(names & set(FILES))


def _kept(folder: Path) -> Kept:
    named = NAMED.fullmatch(folder.name)
    assert named is not None, "only folders of that name are listed"
    day, time, name = named.groups()
    when = f"{day[:4]}-{day[4:6]}-{day[6:]} {time[:2]}:{time[2:4]}:{time[4:]}"
    try:
        if (folder / COMPARISON).exists():
            rows = Matrix.resumed(folder).rows()
            even = sum(row.finding == "even" for row in rows.values())
            return Kept(folder, when, name, f"{even} of {len(rows)} even")
        if (folder / INSPECTION).exists():
            return Kept(folder, when, name, str(saved_inspection(folder)[0]["finding"]))
        run = _Run.model_validate(json.loads((folder / SUMMARY).read_bytes()))
    except (OSError, ValueError, ValidationError, Unreadable):
        return Kept(folder, when, name, "")
    settings = None if run.clients is None else run.clients.settings
    return Kept(folder, when, name, run.verdict.finding, _unlike_its_scenario(settings))


def _unlike_its_scenario(settings: Settings | None) -> list[Difference]:
    if settings is None:
        return []
    name = settings.experiment.name
    for file in (SCENARIOS / f"{name}.yaml", SCENARIOS / "events" / f"{name}.yaml"):
        if file.is_file():
            try:
                return differing(settings, load([file], environment={}))
            except SettingsError:
                break
    return differing(settings)
