"""The command that judges saved logs: exit status, report and refusals."""

import json
from pathlib import Path

import pytest
from tests.lab.logs.saved_logs import TWO, Save, balanced, verify


@pytest.mark.parametrize(
    ("expect", "status"), [("even", 0), ("any", 0), ("pinned", 1)], ids=lambda value: str(value)
)
def test_command_ends_with_the_verdict(
    expect: str, status: int, save: Save, tmp_path: Path
) -> None:
    """Exit status 0 is the expected finding, else it is 1; the report is kept."""
    file = save("client.log", balanced(f"experiment.expect={expect}", "experiment.name=mine"))
    done = verify(tmp_path / "out", "--from-log", file)
    assert done.returncode == status, done.stderr
    assert done.stderr == ""
    (folder,) = (tmp_path / "out").glob("*-mine")
    assert done.stdout == (folder / "report.txt").read_text(encoding="utf-8")
    record = json.loads((folder / "summary.json").read_text())
    assert record["verdict"]["finding"] == "even"
    assert record["verdict"]["passed"] is (status == 0)


def test_command_takes_several_logs(save: Save, tmp_path: Path) -> None:
    """Each log may have its own flag, or all share one."""
    files = [save(f"{index}.log", balanced(TWO)) for index in range(2)]
    for arguments in ((files[0], files[1]), (files[0], "--from-log", files[1])):
        done = verify(tmp_path / "out", "--from-log", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "160    server-a\n" in done.stdout


def test_command_calls_a_cut_log_incomplete(save: Save, tmp_path: Path) -> None:
    """The report says what is missing, and the status is 1."""
    file = save("client.log", balanced()[:-1])
    done = verify(tmp_path / "out", "--from-log", file)
    assert done.returncode == 1, done.stderr
    assert "\nverdict      incomplete:" in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("what", ["missing", "folder", "no-flag"])
def test_command_refuses_an_unreadable_log_in_one_line(
    what: str, save: Save, tmp_path: Path
) -> None:
    """One line on standard error and status 2, and nothing is left behind."""
    arguments = {
        "missing": ["--from-log", tmp_path / "absent.log"],
        "folder": ["--from-log", tmp_path],
        "no-flag": [save("client.log", balanced())],
    }[what]
    done = verify(tmp_path / "out", *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("long-lived: error: ")
    assert str(arguments[-1]) in line
    assert not (tmp_path / "out").exists()
