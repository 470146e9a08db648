"""Remedies side by side: order, columns and advice."""

from dataclasses import replace

import pytest

from long_lived.lab.analysis.trade import Trade
from long_lived.lab.report.comparison import COLUMNS, LEGEND, advice, ranked, table

EVEN = Trade(
    findings=("even",),
    passed=True,
    share=0.96,
    seconds_to_even=4.25,
    even_known=True,
    opened_per_second=61.4,
    lost=0.0,
    added_p50_seconds=0.0041,
    added_p99_seconds=0.0312,
    client_cpu_seconds=0.0012,
    server_cpu_seconds=0.0015,
)
PINNED = replace(EVEN, findings=("pinned",), share=0.0, seconds_to_even=None, opened_per_second=0.0)
NOTHING = Trade(
    findings=("incomplete",),
    passed=False,
    share=None,
    seconds_to_even=None,
    even_known=False,
    opened_per_second=None,
    lost=None,
    added_p50_seconds=None,
    added_p99_seconds=None,
    client_cpu_seconds=None,
    server_cpu_seconds=None,
)


def cells(rows: dict[str, Trade]) -> list[list[str]]:
    """Return the table's rows, without its legend, split into columns."""
    heading, *lines = table(rows, {})[: len(rows) + 1]
    starts = [heading.index(name) for name in COLUMNS]
    ends = [*starts[1:], None]
    return [
        [line[start:end].strip() for start, end in zip(starts, ends, strict=True)] for line in lines
    ]


def test_table_has_a_row_for_each_remedy() -> None:
    """Each number is in its column, with a dash for what is unknown."""
    assert cells({"recycle": EVEN, "none": PINNED, "broken": NOTHING}) == [
        ["recycle", "even", "96%", "4.2 s", "61", "0", "4.1/31", "1.2/1.5"],
        ["none", "pinned", "0%", "never", "0", "0", "4.1/31", "1.2/1.5"],
        ["broken", "incomplete !", "–", "–", "–", "–", "–/–", "–/–"],
    ]


def test_best_trade_comes_first() -> None:
    """Even comes before not even, then fewer lost, then less CPU; unknown comes last."""
    rows = {
        "pinned": PINNED,
        "loses": replace(EVEN, lost=3.0),
        "dear": replace(EVEN, client_cpu_seconds=0.0100),
        "cheap": EVEN,
        "unknown": replace(EVEN, server_cpu_seconds=None),
    }
    assert ranked(rows) == ["cheap", "dear", "unknown", "loses", "pinned"]


def test_runs_that_disagree_are_visible() -> None:
    """The verdict says how many runs it speaks for, and the numbers are medians."""
    rows = {"recycle": replace(EVEN, findings=("even", "even", "uneven"), passed=False)}
    assert cells(rows)[0][1] == "even 2/3 !"
    assert "Medians of 3 runs; a verdict with a number is that of so many." in table(rows, {})


def test_skipped_remedy_has_its_reason() -> None:
    """A remedy that was not tried is listed with the reason."""
    (line,) = [line for line in table({"none": PINNED}, {"haproxy": "x"}) if "haproxy" in line]
    assert line.split() == ["skipped", "haproxy:", "x"]


HUGE = replace(
    EVEN,
    findings=("incomplete",) * 9,
    passed=False,
    seconds_to_even=9_999.0,
    opened_per_second=9_999.0,
    lost=99_999.0,
    added_p50_seconds=9.0,
    added_p99_seconds=60.0,
)


@pytest.mark.parametrize(
    "rows",
    [{"none": PINNED}, {}, {"remedy" * 10: HUGE, "none": PINNED}],
    ids=["one", "none", "huge"],
)
def test_table_fits_80_columns_and_has_a_legend(rows: dict[str, Trade]) -> None:
    """No numbers make a line longer than 80 columns, and every column is explained."""
    lines = [*table(rows, {"haproxy": "not installed " * 10}), *advice(rows)]
    assert [line for line in lines if len(line) > 80 or line != line.rstrip()] == []
    explained = {line.split("  ")[0] for line in LEGEND}
    assert explained >= {*COLUMNS} - {"remedy", "verdict"}


def test_advice_names_the_best_its_price_and_what_did_not_help() -> None:
    """Three lines, each taken from the table's own numbers."""
    rows = {
        "recycle": EVEN,
        "headless": replace(EVEN, client_cpu_seconds=0.0100, added_p99_seconds=0.0094),
        "none": replace(PINNED, client_cpu_seconds=0.0010),
    }
    text = " ".join(" ".join(advice(rows)).split())
    assert text == (
        "advice recycle: even 4.2 s after the event, 0 lost, at 61 new connections per second and "
        "2.7 ms of CPU a request (2.5 without a remedy) "
        "headless: adds least of those that are even, p99 9.4 ms against 31 ms "
        "not even in the end: none"
    )


def test_advice_does_not_recommend_what_did_not_help_each_time() -> None:
    """A remedy that was even in four runs of five is not recommended."""
    rows = {"recycle": replace(EVEN, findings=("even", "even", "pinned")), "none": PINNED}
    assert "none of the 2 was even in the end" in " ".join(advice(rows))


def test_no_runs_need_no_advice() -> None:
    """Without runs there is no advice."""
    assert advice({}) == []
