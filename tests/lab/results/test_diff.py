"""Two runs side by side: what differs, and what is only noise."""

import json
from pathlib import Path

import pytest
from tests.lab.records import changed
from tests.lab.results.kept import call, even, kept, pinned
from tests.lab.runs import SERVERS, plain

from long_lived.lab.analysis.difference import ORDER
from long_lived.lab.analysis.verdict import Finding
from long_lived.lab.report.page.sure import MEANS
from long_lived.record.error_kind import ErrorKind

A_THIRD = dict.fromkeys(SERVERS, 100)


def row(output: str, name: str) -> str:
    """Return the line of a number, with single blanks."""
    (found,) = [line for line in output.splitlines() if line.startswith(f"{name} ")]
    return " ".join(found.split())


def test_every_finding_has_its_place_and_its_meaning() -> None:
    """Pages and comparisons know each, whichever a run ends with."""
    assert set(ORDER) == set(MEANS) == set(Finding)
    assert len(ORDER) == len(Finding)


def test_same_run_twice_does_not_differ(tmp_path: Path) -> None:
    """Nothing is better, worse or noise where the numbers are the same."""
    folder = even(tmp_path / "a")
    done = call("diff", folder, folder, "--fail-on", "worse")
    assert done.exit_code == 0, done.output
    assert "no setting differs" in done.output
    assert row(done.output, "verdict") == "verdict even even same"
    assert row(done.output, "share") == "share 100% 100% +0 points same"


def test_worse_verdict_fails_where_that_is_asked_for(tmp_path: Path) -> None:
    """From even to pinned is worse: status 1 with --fail-on worse, and 0 without."""
    good, bad = even(tmp_path / "a"), pinned(tmp_path / "b")
    done = call("diff", good, bad)
    assert done.exit_code == 0, done.output
    assert row(done.output, "verdict") == "verdict even pinned worse"
    assert row(done.output, "share") == "share 100% 0% -100 points worse"
    assert row(done.output, "experiment.expect") == "experiment.expect even pinned"
    assert call("diff", good, bad, "--fail-on", "worse").exit_code == 1
    assert call("diff", bad, good, "--fail-on", "worse").exit_code == 0


@pytest.mark.parametrize(
    ("pods", "word"),
    [
        ({"server-a": 90, "server-b": 105, "server-c": 105}, "within noise"),
        ({"server-a": 50, "server-b": 125, "server-c": 125}, "worse"),
    ],
    ids=["few", "many"],
)
def test_share_differs_where_chance_does_not_explain_it(
    pods: dict[str, int], word: str, tmp_path: Path
) -> None:
    """Ten connections fewer of a hundred are noise, and fifty are not."""
    done = call("diff", even(tmp_path / "a"), even(tmp_path / "b", pods=pods))
    assert row(done.output, "share").endswith(f"points {word}")


@pytest.mark.parametrize(("failed", "word"), [(5, "within noise"), (60, "worse")])
def test_failures_differ_where_chance_does_not_explain_it(
    failed: int, word: str, tmp_path: Path
) -> None:
    """A few failures more are noise, and many are not."""
    lost = plain(A_THIRD, failed={ErrorKind.READ_TIMEOUT: failed})
    done = call("diff", even(tmp_path / "a"), kept(tmp_path / "b", lost))
    assert row(done.output, "failed") == f"failed 0 {failed} +{failed} {word}"


def test_failures_are_compared_as_parts_of_what_was_planned(tmp_path: Path) -> None:
    """Twice as many in a run of twice the length are as many; in one of the same length not."""
    lost, twice, longer = (
        kept(tmp_path / name, plain(pods, failed={ErrorKind.READ_TIMEOUT: failed}))
        for name, pods, failed in (
            ("lost", A_THIRD, 100),
            ("twice", A_THIRD, 200),
            ("longer", dict.fromkeys(SERVERS, 200), 200),
        )
    )
    assert row(call("diff", lost, twice).output, "failed") == "failed 100 200 +100 worse"
    assert row(call("diff", lost, longer).output, "failed") == "failed 100 200 +100 within noise"
    assert row(call("diff", longer, lost).output, "failed") == "failed 200 100 -100 within noise"


@pytest.mark.parametrize(
    ("cpu", "word"), [(14.0, "within noise"), (20.0, "worse"), (6.0, "better")]
)
def test_cost_differs_by_more_than_the_tolerance(cpu: float, word: str, tmp_path: Path) -> None:
    """What one run took more than another counts from a quarter on, unless told otherwise."""
    own = {
        name: {"pod": name, "runtime": "flask", "answered": 100, "in_flight": 0, "connections": 1}
        | {"cpu_seconds": 0.0}
        for name in SERVERS
    }
    folders = []
    for name, seconds in (("a", 12.0), ("b", cpu)):
        made = changed(plain(A_THIRD), cost__cpu_seconds=seconds)
        folder = kept(tmp_path / name, made)
        _add_server_counts(folder, own)
        folders.append(folder)
    assert row(call("diff", *folders).output, "CPU a request").endswith(word)
    wide = call("diff", *folders, "--tolerance", "1", "--fail-on", "worse")
    assert wide.exit_code == 0, wide.output


def test_baseline_may_be_one_file(tmp_path: Path) -> None:
    """A summary.json alone is compared as its folder is; anything else is refused."""
    folder = even(tmp_path / "a")
    file = (folder / "summary.json").rename(tmp_path / "baseline.json")
    assert call("diff", file, even(tmp_path / "b")).exit_code == 0
    done = call("diff", file, tmp_path / "none")
    assert done.exit_code == 2
    assert len(done.stderr.splitlines()) == 1


def _add_server_counts(folder: Path, own: object) -> None:
    file = folder / "summary.json"
    record = json.loads(file.read_text()) | {"server_counts": own}
    file.write_text(json.dumps(record))
