"""A child process: its environment, its log and its status."""

import sys
from pathlib import Path

import pytest

from long_lived.lab.processes.child import Processes, python

from .family import BOUND_SECONDS, FAMILY


def test_child_reads_no_settings_from_the_lab_s_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The values file has the settings; other variables, and those given, are passed on."""
    monkeypatch.setenv("LONG_LIVED__CLIENT__CONCURRENCY", "5")
    monkeypatch.setenv("HANDED_ON", "yes")
    with Processes(tmp_path) as processes:
        child = processes.start("server-a", ["env"], {"POD_ID": "server-a"})
        assert child.wait(BOUND_SECONDS)
        text = child.log.read_text()
    assert "HANDED_ON=yes\n" in text
    assert "POD_ID=server-a\n" in text
    assert "LONG_LIVED__" not in text


def test_both_outputs_of_a_child_are_in_its_log(tmp_path: Path) -> None:
    """A log holds standard output and standard error, and its last lines are at hand."""
    with Processes(tmp_path) as processes:
        child = processes.start("server-a", ["sh", "-c", "echo one; echo two >&2; echo three"])
        assert child.wait(BOUND_SECONDS)
        assert child.log == tmp_path / "server-a.log"
        assert child.log.read_text() == "one\ntwo\nthree\n"
        assert child.last_words() == "one | two | three"
        assert child.last_words(1) == "three"


def test_wait_tells_whether_the_process_has_ended(tmp_path: Path) -> None:
    """A wait that times out says so, and ends nothing."""
    with Processes(tmp_path) as processes:
        child = processes.start("server-a", FAMILY)
        assert child.wait(0.05) is False
        assert child.status is None


def test_log_that_is_gone_has_no_lines(tmp_path: Path) -> None:
    """Deleting the results during a run does not end the lab."""
    with Processes(tmp_path) as processes:
        child = processes.start("server-a", ["echo", "one"])
        assert child.wait(BOUND_SECONDS)
        child.log.unlink()
        assert (child.lines(), child.last_words()) == ([], "")


def test_child_writes_utf8_whatever_the_terminal_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Logs are read as UTF-8, so they are written as UTF-8."""
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    with Processes(tmp_path) as processes:
        child = processes.start("client-1", [sys.executable, "-c", "print('±')"])
        assert child.wait(BOUND_SECONDS)
        assert child.lines() == ["±"]


def test_modules_are_not_looked_for_in_the_working_folder() -> None:
    """The command tells the interpreter itself, and no other program."""
    assert python("json.tool", "file") == [sys.executable, "-P", "-m", "json.tool", "file"]
