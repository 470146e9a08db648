"""The page of a run: what it says, that it can be sent, and that names in it stay text."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tests.lab.logs.saved_logs import balanced
from tests.lab.results.kept import call, even, kept, pinned
from tests.lab.runs import Run, plain

from long_lived.record.error_kind import ErrorKind

MOST_BYTES = 1_500_000
HOSTILE = "<img/src=x/onerror=alert(1)></script><script>alert(2)</script>"


class _Elements(HTMLParser):
    """The elements of a page, and the text of those with an id."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: dict[str, str] = {}
        self._inside: list[tuple[str, str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Enter an element."""
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "br", "img", "line"):
            self._inside.append((tag, dict(attrs).get("id") or ""))

    def handle_endtag(self, tag: str) -> None:
        """Leave it."""
        while self._inside and self._inside.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        """Keep the text of what has an id."""
        for _, name in self._inside:
            if name:
                self.text[name] = self.text.get(name, "") + data


def page_of(folder: Path) -> tuple[str, _Elements]:
    """Write the page of what is kept in `folder`, and read it."""
    done = call("report", folder)
    assert (done.exit_code, done.output) == (0, f"{folder}/report.html\n")
    text = (folder / "report.html").read_text(encoding="utf-8")
    return text, _Elements(text)


def first_number(text: str) -> int:
    """Return the number that a text begins with."""
    found = re.match(r"\s*([\d,]+)", text)
    assert found is not None, text
    return int(found[1].replace(",", ""))


def test_numbers_of_the_page_are_those_of_the_summary(tmp_path: Path) -> None:
    """Verdict, evidence, account, and what each replica has are what summary.json says."""
    folder = pinned(tmp_path / "run", lost=7)
    record = json.loads((folder / "summary.json").read_text())
    clients, text = record["clients"], page_of(folder)[1].text
    assert record["verdict"]["words"] == f"pinned, as expected: {text['verdict']}"
    assert record["verdict"]["evidence"] in text["evidence"]
    assert first_number(text["answered"]) == clients["requests"]["answered"]
    assert first_number(text["failed"]) == clients["requests"]["failed"] == 35
    assert first_number(text["opened"]) == clients["connections"]["opened"]
    assert first_number(text["lost"]) == record["effect"]["lost_by_replica"]["server-b"] == 35
    plots = json.loads(text["plots"])
    counts = record["verdict"]["judged"]["spread"]["counts"]
    drawn = {row["replica"].split()[0]: row["count"] for row in plots["replicas"]["data"]["values"]}
    assert drawn == counts


def test_timeline_of_the_page_adds_up_to_all_answers(tmp_path: Path) -> None:
    """No answer, connection or failure is lost where rows are put together."""
    folder = pinned(tmp_path / "run", lost=7)
    clients = json.loads((folder / "summary.json").read_text())["clients"]
    *rows, _ = json.loads(page_of(folder)[1].text["plots"])["timeline"]["data"]["values"]
    width = rows[1]["u"] - rows[1]["t"]

    def total(prefix: str) -> float:
        return sum(value * width for row in rows for key, value in row.items() if key[0] == prefix)

    assert round(total("a")) == clients["requests"]["answered"]
    assert round(total("o")) == clients["connections"]["opened"]
    assert round(total("f")) == clients["requests"]["failed"]
    assert sum(value for key, value in rows[-1].items() if key[0] == "h") == 300


def test_page_loads_nothing_and_runs_only_its_own_script(tmp_path: Path) -> None:
    """No element has an address outside the page, and its policy forbids any other script."""
    text, found = page_of(even(tmp_path / "run"))
    assert len(text.encode()) < MOST_BYTES
    places = [
        value
        for _, attributes in found.tags
        for key, value in attributes.items()
        if key in ("src", "href", "action", "data", "srcset", "poster")
    ]
    assert places == ["data:,"]
    (policy,) = [
        attributes["content"] or ""
        for tag, attributes in found.tags
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-eval" not in policy


def test_names_that_come_from_servers_stay_text(tmp_path: Path) -> None:
    """A replica that calls itself markup is shown as it is called, and no element comes of it."""
    pods = {"server-a": 100, "server-b": 100, HOSTILE: 100}
    folder = kept(tmp_path / "run", plain(pods), list(pods), remarks=[HOSTILE])
    text, found = page_of(folder)
    plain_page = page_of(even(tmp_path / "other"))[1]
    scripts = [attributes for tag, attributes in found.tags if tag == "script"]
    assert scripts == [attributes for tag, attributes in plain_page.tags if tag == "script"]
    assert "img" not in {tag for tag, _ in found.tags}
    assert "<img" not in text.split("<script")[0]
    assert "&lt;img/src=x" in text
    assert any("<img/src=x" in str(row) for row in json.loads(found.text["plots"]).values())


def test_long_run_of_many_replicas_stays_small(tmp_path: Path) -> None:
    """Of 200 replicas over ten minutes six are drawn, and the others together."""
    run = Run("server.replicas=200", "client.concurrency=1000")
    names = [f"deployment-7d4b9c6f5-{number:05d}" for number in range(200)]
    for index in range(12_000):
        at = 600 * index / 12_000
        run.hang_up(run.connect(names[index % 200], at), at)
    run.fail(ErrorKind.READ_TIMEOUT, 300, 5)
    folder = kept(tmp_path / "run", run.summary(load_seconds=600), names)
    text, found = page_of(folder)
    assert len(text.encode()) < MOST_BYTES
    plots = json.loads(found.text["plots"])
    assert len(plots["timeline"]["data"]["values"]) <= 121
    assert "194 other replicas" in text
    assert len(plots["replicas"]["data"]["values"]) == 24


def test_page_of_saved_logs_is_that_of_their_run(tmp_path: Path) -> None:
    """`verify --from-log` writes the page too, and `report` writes the same again."""
    log = tmp_path / "client.log"
    log.write_text("".join(f"{line}\n" for line in balanced("experiment.name=mine")))
    done = call("verify", "--from-log", log, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    (folder,) = (tmp_path / "out").glob("*-mine")
    assert done.output.endswith(f"page         {folder}/report.html\n")
    written = (folder / "report.html").read_text(encoding="utf-8")
    assert page_of(folder)[0] == written


def test_page_of_a_run_without_clients_says_why(tmp_path: Path) -> None:
    """Where no client left a summary there is the verdict, and no plot."""
    text, found = page_of(kept(tmp_path / "run", None))
    assert "the run was stopped before the clients started" in found.text["verdict"]
    assert found.text["plots"] == "{}"
    assert "vega" not in text


def test_verdict_of_another_version_is_mentioned(tmp_path: Path) -> None:
    """If the rule has changed since a run, its page says what was found then."""
    folder = even(tmp_path / "run")
    file = folder / "summary.json"
    file.write_text(file.read_text().replace('"finding": "even"', '"finding": "uneven"'))
    assert "when it was run, the verdict was uneven" in page_of(folder)[0]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "No such file or directory: must be the folder of a run"),
        ("{", "not the summary of a run"),
        ("[]", "not the summary of a run"),
        ('{"clients": {"format": 99}}', "clients of format 99: must be 3"),
        ('{"clients": null}', "verdict: Field required"),
    ],
    ids=["missing", "cut", "list", "format", "other"],
)
def test_folder_without_a_run_is_refused_in_one_line(
    text: str | None, why: str, tmp_path: Path
) -> None:
    """One line on standard error and status 2."""
    if text is not None:
        (tmp_path / "summary.json").write_text(text)
    done = call("report", tmp_path)
    assert done.exit_code == 2
    assert done.stderr == f"long-lived: error: {tmp_path}/summary.json: {why}\n"
