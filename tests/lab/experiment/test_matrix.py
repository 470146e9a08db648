"""A comparison is saved after every run, and can be resumed."""

from pathlib import Path

import pytest

from long_lived.lab.analysis.trade import Trade, trade
from long_lived.lab.analysis.verdict import judge
from long_lived.lab.experiment.matrix import FILE, Matrix, Plan, Unreadable

PLAN = Plan(
    base="event.yaml",
    files={"none": "a.yaml", "recycle": "b.yaml", "haproxy": "c.yaml"},
    overrides=["client.concurrency=5"],
    repeat=2,
    on="local",
)


def shown(problem: str) -> Trade:
    """Make what a run showed that went wrong."""
    return trade(None, judge(None, [], [problem]), [])


def test_all_names_come_once_before_any_comes_again(tmp_path: Path) -> None:
    """The runs left are in that order, without the skipped ones."""
    matrix = Matrix(tmp_path, PLAN, {"haproxy": "not installed"})
    assert list(matrix.left()) == [(1, "none"), (1, "recycle"), (2, "none"), (2, "recycle")]


def test_comparison_resumes_where_it_stopped(tmp_path: Path) -> None:
    """Another process finds the plan, the results and what is left."""
    matrix = Matrix(tmp_path, PLAN, {"haproxy": "not installed"})
    matrix.enter("none", shown("first"))
    resumed = Matrix.resumed(tmp_path)
    assert (resumed.plan, resumed.skipped) == (PLAN, {"haproxy": "not installed"})
    assert list(resumed.left()) == [(1, "recycle"), (2, "none"), (2, "recycle")]
    assert resumed.rows() == matrix.rows()
    resumed.enter("recycle", shown("second"))
    assert list(Matrix.resumed(tmp_path).left()) == [(2, "none"), (2, "recycle")]


@pytest.mark.parametrize("content", [None, "", "{}", '{"plan": 1}', "[]"])
def test_folder_without_a_comparison_is_refused(tmp_path: Path, content: str | None) -> None:
    """The reason names the folder, whatever it contains."""
    if content is not None:
        (tmp_path / FILE).write_text(content)
    with pytest.raises(Unreadable, match=f"{tmp_path} holds no comparison"):
        Matrix.resumed(tmp_path)


def test_plan_is_kept_before_the_first_run(tmp_path: Path) -> None:
    """A comparison stopped during its first run can be resumed."""
    Matrix(tmp_path, PLAN, {})
    assert Matrix.resumed(tmp_path).plan == PLAN
