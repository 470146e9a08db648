"""The results folder: one per run, and a link to the newest."""

import json
from datetime import datetime
from pathlib import Path

import pytest
from tests.lab.runs import plain

from long_lived.lab.analysis.judged import Judged, Unit
from long_lived.lab.analysis.spread import spread
from long_lived.lab.analysis.verdict import Finding, Verdict
from long_lived.lab.experiment.outcome import Outcome
from long_lived.lab.experiment.results import VALUES, keep, make_folder, point_latest, write_values
from long_lived.lab.report.origin import Origin
from long_lived.settings import load

NOON = datetime(2026, 1, 2, 12, 0, 0)
LATER = datetime(2026, 1, 2, 12, 0, 1)


def new_folder(parent: Path, now: datetime) -> Path:
    """Make a results folder, which becomes the newest."""
    folder = make_folder(parent, "smoke", now)
    point_latest(folder)
    return folder


def test_folder_is_named_by_time_and_scenario(tmp_path: Path) -> None:
    """Folders sort by time and name the scenario; missing parents are created."""
    folder = make_folder(tmp_path / "a" / "b", "smoke", NOON)
    assert folder == tmp_path / "a" / "b" / "20260102T120000-smoke"
    assert folder.is_dir()


def test_latest_points_to_the_newest(tmp_path: Path) -> None:
    """The link moves with every run, is relative, and leaves no temporary file."""
    first = new_folder(tmp_path, NOON)
    assert (tmp_path / "latest").resolve() == first
    second = new_folder(tmp_path, LATER)
    assert (tmp_path / "latest").resolve() == second
    assert (tmp_path / "latest").readlink() == Path(second.name)
    assert {entry.name for entry in tmp_path.iterdir()} == {first.name, second.name, "latest"}


def test_runs_of_the_same_second_get_folders_of_their_own(tmp_path: Path) -> None:
    """No run writes into another's folder."""
    folders = [new_folder(tmp_path, NOON) for _ in range(3)]
    assert [folder.name for folder in folders] == [
        "20260102T120000-smoke",
        "20260102T120000-smoke-2",
        "20260102T120000-smoke-3",
    ]
    assert (tmp_path / "latest").resolve() == folders[-1]


def test_link_to_a_folder_that_is_gone_is_replaced(tmp_path: Path) -> None:
    """The next run repairs a link whose folder was deleted."""
    new_folder(tmp_path, NOON).rmdir()
    folder = new_folder(tmp_path, LATER)
    assert (tmp_path / "latest").resolve() == folder


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_latest_that_is_not_a_link_is_left_alone(kind: str, tmp_path: Path) -> None:
    """A `latest` that somebody put there is not touched, and the run goes on."""
    latest = tmp_path / "latest"
    if kind == "folder":
        latest.mkdir()
        (latest / "mine").touch()
    else:
        latest.write_text("mine")
    assert new_folder(tmp_path, NOON).is_dir()
    assert not latest.is_symlink()
    assert (latest / "mine").exists() if kind == "folder" else latest.read_text() == "mine"


def test_parent_that_is_a_file_is_an_error(tmp_path: Path) -> None:
    """A folder that cannot be made raises OSError, for the command to explain."""
    (tmp_path / "file").touch()
    with pytest.raises(OSError):
        make_folder(tmp_path / "file", "smoke", NOON)


def test_kept_values_give_the_same_settings(tmp_path: Path) -> None:
    """The values that a run saved start the same run again."""
    settings = load([], ["client.concurrency=7,experiment.description=a – b: c"], {})
    write_values(tmp_path, settings)
    assert load([tmp_path / VALUES], [], {}) == settings


@pytest.mark.parametrize(
    ("seen", "verdict"),
    [
        (
            Outcome(summary=plain({"a": 5, "b": 5}), replicas=["a", "b"], problems=[]),
            Verdict(
                Finding.EVEN,
                True,
                "even – as expected",
                "10 connections held",
                Judged(Unit.HELD, 1.0, 1.25, spread({"a": 5, "b": 5}), 0),
            ),
        ),
        (
            Outcome(problems=["a did not start"]),
            Verdict(Finding.INCOMPLETE, False, "incomplete: a did not start"),
        ),
    ],
    ids=["complete", "nothing"],
)
def test_record_of_a_run_is_json(seen: Outcome, verdict: Verdict, tmp_path: Path) -> None:
    """summary.json holds outcome and verdict; the report as printed lies beside it."""
    keep(tmp_path, seen, verdict, ["", "counts server-name", "± 1"], Origin(lab="0.1.0"))
    record = json.loads((tmp_path / "summary.json").read_text())
    assert record["verdict"]["finding"] == verdict.finding
    assert record["verdict"]["passed"] is verdict.passed
    assert record["verdict"]["words"] == verdict.words
    assert record["verdict"]["evidence"] == verdict.evidence
    judged = record["verdict"]["judged"]
    assert (judged and judged["spread"]["counts"]) == (verdict.judged and {"a": 5, "b": 5})
    assert record["replicas"] == seen.replicas
    assert record["problems"] == seen.problems
    assert record["clients"] == (seen.summary and seen.summary.as_dict())
    assert (tmp_path / "report.txt").read_text(encoding="utf-8") == "\ncounts server-name\n± 1\n"
