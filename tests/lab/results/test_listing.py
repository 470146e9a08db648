"""What is kept: the list of results, and deleting the oldest."""

from pathlib import Path

import pytest
from tests.lab.results.kept import call, even, kept, pinned


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Keep four results, and what is none."""
    even(tmp_path / "20261101T080000-smoke", "experiment.name=mine", "server.replicas=5")
    pinned(tmp_path / "20261102T080000-restart", "experiment.name=other")
    kept(tmp_path / "20261103T080000-killed", None)
    (tmp_path / "20261104T080000-begun").mkdir()
    (tmp_path / "latest").symlink_to("20261101T080000-smoke")
    (tmp_path / "20261101T080000-photographs").mkdir()
    (tmp_path / "20261101T080000-photographs" / "cat.jpg").touch()
    (tmp_path / "notes.txt").touch()
    return tmp_path


def test_results_are_listed_newest_first(results: Path) -> None:
    """Each has its time, name, verdict, and the settings that differ from its scenario's."""
    done = call("results", "--out", results)
    assert done.exit_code == 0, done.output
    rows = [line for line in done.output.splitlines() if line.startswith("2026")]
    assert [row.split()[:3] for row in rows] == [
        ["2026-11-04", "08:00:00", "begun"],
        ["2026-11-03", "08:00:00", "killed"],
        ["2026-11-02", "08:00:00", "restart"],
        ["2026-11-01", "08:00:00", "smoke"],
    ]
    assert [row[53:67].strip() for row in rows] == ["no verdict", "incomplete", "pinned", "even"]
    assert "server.replicas=5" in done.output


def test_prune_deletes_the_oldest_results_and_nothing_else(results: Path) -> None:
    """What is not the lab's stays, and so does a link that leads somewhere."""
    done = call("results", "prune", "--keep", "2", "--out", results)
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[-1] == "2 deleted, 2 kept"
    assert {one.name for one in results.iterdir()} == {
        "20261103T080000-killed",
        "20261104T080000-begun",
        "20261101T080000-photographs",
        "notes.txt",
    }


def test_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    """One line says which, and the status is 2."""
    done = call("results", "--out", tmp_path / "none")
    assert done.exit_code == 2
    assert done.stderr.startswith(f"long-lived: error: --out {tmp_path}/none: No such file")
