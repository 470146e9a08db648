"""A comparison's result for programs: each form can be read by what it is for."""

import csv
import io
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from tests.lab.results.kept import ORIGIN, call, compared, valid

HOSTILE = '=<b>|`@a"]]>\\'


@pytest.fixture
def comparison(tmp_path: Path) -> Path:
    """Keep a comparison of which one remedy did not do what was expected."""
    return compared(tmp_path / "compare", HOSTILE)


def printed(folder: Path, form: str) -> str:
    """Return a comparison in a form."""
    done = call("report", folder, "--format", form)
    assert done.exit_code == 0, done.output
    return done.output


def test_json_keeps_to_the_schema_in_the_repository(comparison: Path) -> None:
    """It has every remedy, the best first, and where the runs come from."""
    text = printed(comparison, "json")
    valid(comparison, text)
    told = json.loads(text)
    assert [one["name"] for one in told["remedies"]] == ["recycle", "none", HOSTILE]
    assert (told["event"], told["complete"], told["passed"]) == ("restart", True, False)
    assert told["skipped"] == {"mesh": "only a cluster has that"}
    assert told["remedies"][0]["seconds_to_even"] == 5.2
    assert told["origin"]["machine"] == ORIGIN.machine


def test_comparison_with_runs_to_be_done_is_not_complete(comparison: Path) -> None:
    """It has not passed, whatever is there; and reading it writes nothing."""
    file = comparison / "comparison.json"
    kept = json.loads(file.read_text())
    del kept["done"][HOSTILE]
    file.write_text(json.dumps(kept))
    told = json.loads(printed(comparison, "json"))
    assert (told["complete"], told["passed"]) == (False, False)
    assert "Not complete" in printed(comparison, "markdown")
    assert file.read_text() == json.dumps(kept)


def test_csv_has_a_row_for_each_remedy(comparison: Path) -> None:
    """What is not known is empty, and no name is a formula."""
    rows = list(csv.DictReader(io.StringIO(printed(comparison, "csv"))))
    assert [row["name"] for row in rows] == ["recycle", "none", f"'{HOSTILE}"]
    assert (rows[0]["share_ratio"], rows[1]["seconds_to_even"]) == ("0.98", "")


def test_markdown_has_the_table(comparison: Path) -> None:
    """Every row has as many cells as the heading, whatever a remedy is called."""
    text = printed(comparison, "markdown")
    assert text.startswith("### ❌ 3 remedies against: restart\n")
    rows = [row for row in text.splitlines() if row.startswith("|")]
    assert {row.replace("\\|", "").count("|") for row in rows} == {9}
    assert len(rows) == 5
    assert "- recycle: even 5.2 s after the event" in text.replace("\\", "")


def test_junit_has_a_test_case_for_each_remedy(comparison: Path) -> None:
    """An unexpected finding is a failure, and what was left out is skipped."""
    suites = ElementTree.fromstring(printed(comparison, "junit"))
    found = {case.get("name"): [one.tag for one in case] for case in suites.iter("testcase")}
    assert found == {
        "none": ["system-out"],
        "recycle": ["system-out"],
        HOSTILE: ["failure"],
        "mesh": ["skipped"],
    }
    counted = {name: suites.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counted == {"tests": "4", "failures": "1", "errors": "0", "skipped": "1"}


def test_prometheus_has_gauges_by_remedy(comparison: Path) -> None:
    """What nobody knows has no sample, and quotes in a name end no label."""
    text = printed(comparison, "prometheus")
    own = 'event="restart",remedy="recycle"'
    assert f"long_lived_remedy_even_again_seconds{{{own}}} 5.2" in text
    assert f'long_lived_remedy_cpu_seconds{{{own},side="server"}} 0.0019' in text
    assert text.count("long_lived_remedy_even_again_seconds{") == 1
    assert '\\"]]>\\\\"}' in text
