"""A run's result for programs: each form can be read by what it is for, and says the same."""

import csv
import io
import json
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest
from tests.lab.logs.saved_logs import balanced
from tests.lab.results.kept import ROOT, call, even, kept, pinned, valid
from tests.lab.runs import SERVERS, plain, restarted

TIMES = ("first_sent", "first_answer", "last_answer")
HOSTILE = '=<b>|`@a"]]>\x1b\\'


def printed(folder: Path, form: str) -> str:
    """Return a result in a form."""
    done = call("report", folder, "--format", form)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """Keep a run whose server has a name that is something in every form."""
    pods = {"server-a": 100, "server-b": 100, HOSTILE: 100}
    return kept(tmp_path / "hostile", plain(pods), list(pods))


def test_json_keeps_to_the_schema_in_the_repository(tmp_path: Path) -> None:
    """With and without an event, and without clients, it is valid by docs/result.schema.json."""
    folders = [pinned(tmp_path / "a", lost=7), even(tmp_path / "b"), kept(tmp_path / "c", None)]
    texts = [printed(folder, "json") for folder in folders]
    valid(tmp_path, *texts)
    told = json.loads(texts[0])
    assert (told["format"], told["finding"], told["passed"]) == (1, "pinned", True)
    assert told["event"]["lost"] == told["requests"]["failed"] == 35


def test_schema_in_the_repository_is_that_of_the_code() -> None:
    """`make generate` has been run."""
    written = (ROOT / "docs" / "result.schema.json").read_text(encoding="utf-8")
    assert call("report", "--print-schema").output == written


def test_csv_has_a_row_for_each_time_and_replica(tmp_path: Path, hostile: Path) -> None:
    """Its columns add up to the summary's counts, and no name is a formula."""
    folder = pinned(tmp_path / "run", lost=7)
    clients = json.loads((folder / "summary.json").read_text())["clients"]
    rows = list(csv.DictReader(io.StringIO(printed(folder, "csv"))))
    assert sum(int(row["answered"]) for row in rows) == clients["requests"]["answered"]
    assert sum(int(row["opened"]) for row in rows) == clients["connections"]["opened"]
    assert sum(int(row["failed"]) for row in rows) == 35
    names = {row["replica"] for row in csv.DictReader(io.StringIO(printed(hostile, "csv")))}
    assert f"'{HOSTILE}".replace("\x1b", "�") in names


def test_connections_are_those_of_the_logs(tmp_path: Path) -> None:
    """Each that was answered is a row of its client, and all answers are on one."""
    run, changes = restarted()
    folder = kept(tmp_path / "run", run.summary(), SERVERS, changes)
    done = call("report", folder, "--format", "connections")
    assert (done.exit_code, len(done.stderr.splitlines())) == (2, 1)
    (folder / "client-1.log").write_text("".join(f"{line}\n" for line in run.log()))
    rows = list(csv.DictReader(io.StringIO(printed(folder, "connections"))))
    clients = json.loads((folder / "summary.json").read_text())["clients"]
    assert sum(int(row["answers"]) for row in rows) == clients["requests"]["answered"]
    opened = {name: pod["connections_opened"] for name, pod in clients["pods"].items()}
    assert Counter(row["replica"] for row in rows) == Counter(opened)
    assert {row["client"] for row in rows} == {"client-1"}
    for row in rows:
        sent, first, last = (float(row[f"{name}_seconds"]) for name in TIMES)
        assert sent <= first <= last


def test_markdown_has_the_verdict_and_a_table(tmp_path: Path, hostile: Path) -> None:
    """Every row has as many cells as the heading, whatever a replica calls itself."""
    text = printed(pinned(tmp_path / "run"), "markdown")
    assert text.startswith("### ✅ pinned: ")
    assert "\n- 10.0 s: server-b and server-c were stopped\n" in text
    assert "Made by long-lived run mine (here; a machine)." in text
    for folder in (tmp_path / "run", hostile):
        rows = [row for row in printed(folder, "markdown").splitlines() if row.startswith("|")]
        assert {row.replace("\\|", "").count("|") for row in rows} == {6}
    assert "<b>" not in printed(hostile, "markdown")


@pytest.mark.parametrize(
    ("expect", "failures", "errors"), [("even", "0", "0"), ("pinned", "1", "0"), (None, "0", "1")]
)
def test_junit_has_one_test_case(
    expect: str | None, failures: str, errors: str, tmp_path: Path
) -> None:
    """An unexpected finding is a failure, and an incomplete run an error."""
    folder = tmp_path / "run"
    if expect is None:
        kept(folder, None)
    else:
        even(folder, f"experiment.expect={expect}")
    suites = ElementTree.fromstring(printed(folder, "junit"))
    (case,) = suites.iter("testcase")
    assert (suites.get("failures"), suites.get("errors")) == (failures, errors)
    assert [one.tag for one in case if one.tag != "system-out"] == (
        ["failure"] if failures == "1" else ["error"] if errors == "1" else []
    )


def test_prometheus_reads_its_form(tmp_path: Path, hostile: Path) -> None:
    """Each line is a comment or a sample, and quotes in a name end no label."""
    samples = [
        line
        for line in printed(pinned(tmp_path / "run"), "prometheus").splitlines()
        if not line.startswith("# ")
    ]
    assert 'long_lived_finding{scenario="default",finding="pinned"} 1' in samples
    assert any(
        line.startswith('long_lived_judged{scenario="default",replica="server-a"} ')
        for line in samples
    )
    text = printed(hostile, "prometheus")
    assert 'replica="=<b>|`@a\\"]]>\ufffd\\\\"}' in text


def test_verify_prints_only_the_form_that_is_asked_for(tmp_path: Path) -> None:
    """Standard output is the JSON alone, and report and page are kept as ever."""
    log = tmp_path / "client.log"
    log.write_text("".join(f"{line}\n" for line in balanced("experiment.name=mine")))
    done = call("verify", "--from-log", log, "--out", tmp_path / "out", "--format", "json")
    assert json.loads(done.stdout)["finding"] == "even"
    (folder,) = (tmp_path / "out").glob("*-mine")
    assert {"report.txt", "report.html", "summary.json"} <= {one.name for one in folder.iterdir()}
