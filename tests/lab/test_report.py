"""The closing report: the seed's table, the account, and lines that fit a terminal."""

import copy
from typing import Any

import pytest

from lab.report import report, seconds, seed_table
from lab.verdict import judge
from settings import load

HUGE = 20_000_000


def durations(count: int, value: float = 86_400.0) -> dict[str, Any]:
    """Make the durations of a summary."""
    names = ("p50", "p90", "p99", "max")
    return {"count": count, **dict.fromkeys(names, value if count else None)}


def summary(pods: dict[str, int], **requests: Any) -> dict[str, Any]:
    """Make a merged summary in which each request had a connection."""
    total = sum(pods.values())
    account = {"planned": total, "answered": total, "failed": 0, "failed_by_kind": {}, **requests}
    return {
        "settings": load([], [], {}).as_values(),
        "clients": 1,
        "load_seconds": 61.2345,
        "stopped_by": None,
        "problem": None,
        "requests": account,
        "pods": {
            name: {"requests": count, "connections_opened": count, "connections_open": count}
            for name, count in pods.items()
        },
        "connections": {
            "opened": total,
            "open": total,
            "perfect_keep_alive": total,
            "close_announced_ratio": 1.0 if total else None,
        },
        "service_seconds": durations(total),
        "overhead_seconds": durations(total, 0.0123456),
        "cost": {"cpu_seconds": 12.34, "peak_memory_bytes": 450e6},
    }


def lines_of(made: dict[str, Any] | None, replicas: list[str], problems: tuple[str, ...] = ()):
    """Write the report of a run."""
    if made is None:
        placeholder = summary({})
        return report(None, judge(placeholder, replicas, problems), "results/x")
    return report(made, judge(made, replicas, problems), "results/20260102T120000-smoke")


def test_report_begins_with_the_table_of_the_seed() -> None:
    """The seed's table comes first: counts, most first, then the server's name."""
    lines = lines_of(summary({"server-a": 3326, "server-b": 3398, "server-c": 3276}), ["server-a"])
    assert lines[:6] == [
        "",
        "counts server-name",
        "3398   server-b",
        "3326   server-a",
        "3276   server-c",
        "",
    ]


def test_seed_table_orders_equal_counts_by_name() -> None:
    """The same counts always give the same table."""
    pods = {name: {"requests": count} for name, count in [("b", 5), ("c", 10_000_000), ("a", 5)]}
    assert seed_table(pods) == ["counts server-name", "10000000 c", "5      a", "5      b"]
    assert seed_table({}) == ["counts server-name"]


CASES = {
    "even": summary({"server-a": 3326, "server-b": 3398, "server-c": 3276}),
    "huge": summary(dict.fromkeys([f"server-{letter}" for letter in "abcdefgh"], HUGE)),
    "uneven": summary({"server-a": HUGE, "server-b": 1, "server-c": 0}),
    "one-replica": summary({"server-a": HUGE}),
    "nothing": summary({}),
    "many-kinds": summary(
        {"server-a": HUGE},
        planned=10 * HUGE,
        failed=9 * HUGE,
        failed_by_kind=dict.fromkeys(
            ["bad_answer", "connect_refused", "connect_timeout", "connection_lost", "not_sent"],
            HUGE,
        ),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_every_line_fits_80_columns(name: str) -> None:
    """Whatever the numbers, a line has at most 80 columns, and none is two."""
    made = CASES[name]
    for line in lines_of(made, list(made["pods"])):
        assert len(line) <= 80, line
        assert "\n" not in line
        assert line == line.rstrip()


def test_report_without_a_summary_says_why() -> None:
    """Where no client left a summary, the verdict has the reason, and the folder has the logs."""
    problem = "server-a did not start: " + "reason " * 40
    lines = lines_of(None, ["server-a"], (problem,))
    assert lines[1].startswith("verdict      incomplete: server-a did not start: ")
    assert lines[-1] == "results      results/x"
    assert all(len(line) <= 80 for line in lines)


def test_word_without_a_break_stands_whole() -> None:
    """A path that is longer than a line is not broken: it must be possible to copy it."""
    made = summary({"server-a": 10})
    folder = "results/" + "x" * 100
    assert f"{'results':<13}{folder}" in report(made, judge(made, ["server-a"]), folder)


def test_account_names_what_failed_and_how() -> None:
    """Planned, answered and failed by kind are in the report, as is what a connection cost."""
    made = summary(
        {"server-a": 990},
        planned=1000,
        failed=10,
        failed_by_kind={"connection_lost": 7, "read_timeout": 3},
    )
    text = " ".join(" ".join(lines_of(made, ["server-a"])).split())
    assert (
        "990 of 1,000 planned were answered, 10 failed (7 connection_lost, 3 read_timeout)" in text
    )
    assert "100% of the answers said Connection: close" in text
    assert "12.3 s of CPU, 450 MB of memory, 1 process" in text


def test_replica_without_connections_is_in_the_table() -> None:
    """A replica that got nothing has a line of its own, by how much it is off."""
    lines = lines_of(
        summary({"server-a": 50, "server-b": 50}), ["server-a", "server-b", "server-c"]
    )
    (line,) = [line for line in lines if line.startswith("server-c ")]
    assert line.split() == ["server-c", "0", "33", "±", "5", "-7.1", "sd", "0"]


def test_spread_is_judged_only_where_there_is_enough() -> None:
    """A few connections, or one replica, get no p-value."""
    enough = lines_of(summary({"a": 50, "b": 50}), ["a", "b"])
    assert any(line.startswith("spread ") for line in enough)
    for made in (summary({"a": 2, "b": 2}), summary({"a": 500})):
        assert not any(line.startswith("spread ") for line in lines_of(made, list(made["pods"])))


def test_report_leaves_the_summary_alone() -> None:
    """Writing a report changes nothing."""
    made = summary({"server-a": 5})
    before = copy.deepcopy(made)
    lines_of(made, ["server-a"])
    assert made == before


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0 ms"),
        (0.0001234, "0.123 ms"),
        (0.0123456, "12.3 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1 s"),
        (20.04, "20 s"),
        (59.96, "60 s"),
        (999.4, "999 s"),
    ],
)
def test_duration_has_three_digits_and_its_unit(value: float, text: str) -> None:
    """Short durations are in milliseconds, others in seconds."""
    assert seconds(value) == text


@pytest.mark.parametrize(("value", "text"), [(1234.0, "1234 s"), (86_400.0, "86400 s")])
def test_long_duration_is_written_out(value: float, text: str) -> None:
    """A duration of more than three digits is no power of ten to decipher."""
    assert seconds(value) == text
