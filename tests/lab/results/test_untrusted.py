"""A name that somebody else chose is shown, and obeyed by no terminal, browser or spreadsheet."""

from pathlib import Path

import pytest
from tests.lab.results.kept import call, kept
from tests.lab.runs import plain

from long_lived.lab.report.forms.registry import FORMS

HOSTILE = "\x1b]0;owned\x07\x1b[2J[red]x[/]\n<script>alert(1)</script>\u202e\r"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Keep a run whose replica and whose remark have such a name."""
    pods = {"server-a": 100, "server-b": 100, HOSTILE: 100}
    return kept(tmp_path / "run", plain(pods), list(pods), remarks=[HOSTILE])


@pytest.mark.parametrize("form", [None, *FORMS], ids=lambda form: form or "page")
def test_no_form_of_a_result_has_controls_of_others(form: str | None, folder: Path) -> None:
    """Nothing that moves a cursor, ends a line, or turns text round, and no element of HTML."""
    done = call("report", folder, *(("--format", form) if form else ()))
    assert done.exit_code == 0, done.output
    text = done.output if form else (folder / "report.html").read_text(encoding="utf-8")
    assert not {"\x1b", "\x07", "\r"} & set(text)
    assert form == "junit" or "[red]x" in text or "[red\\]x" in text
    assert "\n<script>alert" not in text
    if form != "json":  # where it is one of a string's characters
        assert "\u202e" not in text
    if form is None or form in ("markdown", "junit"):
        assert "<script>alert" not in text.partition('<script type="application/json"')[0]


def test_report_on_a_terminal_has_none_either(folder: Path) -> None:
    """The text that a run prints is the file that it keeps."""
    text = (folder / "report.txt").read_text(encoding="utf-8")
    assert "[red]x[/]�<script>alert(1)</script>��" in text
    assert all(char.isprintable() for line in text.split("\n") for char in line)
