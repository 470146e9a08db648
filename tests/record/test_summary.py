"""The summary's line: what clients write is what is read, and vice versa."""

import json
from pathlib import Path
from typing import Any

import pytest

from long_lived.record.error_kind import ErrorKind
from long_lived.record.lines import read
from long_lived.record.summary import FORMAT, UnreadSummary, parse
from long_lived.settings import load

LOG = Path(__file__).with_name("client_of_format_3.log")
"""A real client's line, older than the typed summary; later keys of the format were added."""

*LINES, SUMMARY = LOG.read_text(encoding="utf-8").splitlines()

EFFECTIVE = load([], ["client.concurrency=30", "client.timeouts.readSeconds=0.00001"], {})


def written(told: Any) -> str:
    """Write JSON like a client."""
    return json.dumps(told, separators=(",", ":"))


def recorded(**values: Any) -> str:
    """Return the recorded line, with today's settings and with other values."""
    return written({**json.loads(SUMMARY), "settings": EFFECTIVE.as_values(), **values})


def test_recorded_line_is_written_as_it_was_read() -> None:
    """Keys, their order and every digit are those that a client of this format wrote."""
    assert str(parse(recorded())) == recorded()


def test_recorded_line_is_read() -> None:
    """Numbers, settings and times have their types."""
    read_back = parse(recorded())
    assert read_back is not None
    assert read_back.settings == EFFECTIVE
    assert read_back.requests.failed_by_kind == {ErrorKind.READ_TIMEOUT: 24}
    assert read_back.started_unix_seconds == pytest.approx(1_795_644_034.205, abs=0.001)
    assert read_back.service_seconds.bins[-146] == 1


def test_summary_without_any_answer_is_written_as_it_was_read() -> None:
    """An empty histogram has no minimum, not even an empty one."""
    nothing = {"count": 0, "p50": None, "p90": None, "p99": None, "max": None, "bins": {}}
    line = recorded(service_seconds=nothing, pods={})
    assert str(parse(line)) == line


def test_recorded_log_is_written_as_it_was_read() -> None:
    """So are its other lines: answers and failures, on known and on unknown pods."""
    assert [str(read(line)) for line in LINES] == LINES


def test_key_of_a_later_version_is_passed_over() -> None:
    """A format may gain keys; the known ones are read."""
    assert parse(recorded(later=1)) == parse(recorded())


@pytest.mark.parametrize(
    "line", ["", "Response", f" {SUMMARY}", SUMMARY[:-1], '{"other": 1}', '{"format":']
)
def test_line_that_is_no_summary_is_none(line: str) -> None:
    """Any other line is none, and so is a truncated summary."""
    assert parse(line) is None


@pytest.mark.parametrize("other", [1, FORMAT + 1, str(FORMAT), None, {}])
def test_other_format_is_refused_before_anything_else_is_read(other: Any) -> None:
    """Another version is known by its number alone."""
    with pytest.raises(UnreadSummary) as refused:
        parse(written({"format": other}))
    assert str(refused.value) == f"a summary of format {other!r}: must be {FORMAT}"


@pytest.mark.parametrize(
    ("values", "where"),
    [
        ({"requests": {}}, "requests.planned"),
        ({"pods": {"a\n": 1}}, r"pods.a\n"),
        ({"settings": {"server": {"doors": 3}}}, "settings.server.doors"),
        ({"settings": {"client": {"concurrency": 0}}}, "settings.client.concurrency"),
        ({"started": "2026-01-01T00:00:00"}, "started"),
        ({"started": "today"}, "started"),
        ({"load_seconds": float("nan")}, "load_seconds"),
    ],
    ids=["missing", "name", "foreign-setting", "bad-setting", "no-zone", "no-time", "nan"],
)
def test_malformed_summary_is_refused_in_one_line(values: dict[str, Any], where: str) -> None:
    """The line names the format, and what is wrong."""
    with pytest.raises(UnreadSummary) as refused:
        parse(recorded(**values))
    text = str(refused.value)
    assert text.startswith(f"a summary of format {FORMAT} that does not keep to it: {where}: ")
    assert text.isprintable()
