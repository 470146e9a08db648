"""The closing report: the seed's table, the connections judged, verdict and evidence."""

import copy
from typing import Any

import pytest
from tests.lab.records import changed, own_counts
from tests.lab.report.reports import lines_of, restart_lines, text_of
from tests.lab.runs import NEW, SERVERS, plain, restarted

from long_lived.lab.analysis.verdict import judge
from long_lived.lab.report.closing import report, seed_table


def test_report_begins_with_the_table_of_the_seed() -> None:
    """First comes the seed's table: counts in descending order, then the server's name."""
    lines = lines_of(plain({"server-a": 326, "server-b": 398, "server-c": 76}), ["server-a"])
    assert lines[:6] == [
        "",
        "counts server-name",
        "398    server-b",
        "326    server-a",
        "76     server-c",
        "",
    ]


def test_seed_table_orders_equal_counts_by_name() -> None:
    """Equal counts always give the same table."""
    made = plain({"a": 5, "b": 5, "c": 1})
    pods = changed(made, pods__c__requests=10_000_000).pods
    backwards = dict(reversed(pods.items()))
    assert (
        seed_table(pods)
        == seed_table(backwards)
        == ["counts server-name", "10000000 c", "5      a", "5      b"]
    )
    assert seed_table({}) == ["counts server-name"]


def test_report_without_a_summary_says_why() -> None:
    """If no client left a summary, the verdict gives the reason and names the logs' folder."""
    problem = "server-a did not start: " + "reason " * 40
    lines = lines_of(None, ["server-a"], (problem,))
    assert lines[1].startswith("verdict      incomplete: server-a did not start: ")
    assert lines[-2:] == ["results      results/x", "page         results/x/report.html"]
    assert all(len(line) <= 80 for line in lines)


def test_word_without_a_break_stands_whole() -> None:
    """A path longer than a line is not broken, so that it can be copied."""
    made = plain({"server-a": 10})
    folder = "results/" + "x" * 100
    assert report(made, judge(made, ["server-a"]), folder)[-2] == f"{'results':<13}{folder}"


def test_replica_without_connections_is_in_the_table() -> None:
    """A replica that got nothing has its own line, with its deviation."""
    lines = lines_of(plain({"server-a": 50, "server-b": 50}), ["server-a", "server-b", "server-c"])
    (line,) = [line for line in lines if line.startswith("server-c ")]
    assert line.split() == ["server-c", "0", "33", "±", "5", "-7.1", "sd", "0"]


def test_spread_is_judged_only_where_there_is_enough() -> None:
    """Too few connections, or a single replica, get no p-value."""
    enough = lines_of(plain({"a": 42, "b": 42}), ["a", "b"])
    assert any(line.startswith("spread ") for line in enough)
    for made in (plain({"a": 42, "b": 41}), plain({"a": 500})):
        assert not any(line.startswith("spread ") for line in lines_of(made, list(made.pods)))


def test_report_leaves_the_summary_alone() -> None:
    """Writing a report does not change the summary."""
    run, replacements = restarted()
    made = run.summary()
    before = copy.deepcopy(made)
    report(made, judge(made, SERVERS, [], replacements), "results/x")
    assert made == before


@pytest.mark.parametrize(
    ("given", "when", "what"),
    [
        ({}, "judged: at 30.0 s", "held"),
        ({"keeps": False}, "judged: 21.2 to 30.0 s", "opened"),
    ],
    ids=["kept", "per-request"],
)
def test_one_table_shows_what_is_judged(given: dict[str, Any], when: str, what: str) -> None:
    """Its title says what was counted and when; each serving replica has a line."""
    lines = restart_lines(users=300, **given)
    (first,) = [index for index, line in enumerate(lines) if line.startswith("judged: ")]
    assert lines[first].startswith(f"{when} ")
    assert lines[first].split()[-7:] == [what, "by", "chance", "off", "by", "still", "open"]
    assert [line.split()[0] for line in lines[first + 1 : first + 4]] == ["server-a", *NEW]
    assert "\n".join(lines).count("by chance") == 1


def test_evidence_stands_under_the_verdict() -> None:
    """Unit, count, window, p, the largest deviation with its interval, and the power."""
    lines = restart_lines(users=300)
    (first,) = [index for index, line in enumerate(lines) if line.startswith("evidence ")]
    assert any(line.startswith("verdict ") for line in lines[:first])
    text = text_of(lines[first:])
    assert text.startswith("evidence 300 connections held at 30.0 s; p = ")
    assert "; furthest off: server-a +200% (+195% to +200%); " in text
    assert "noticed 9 times in 10: one replica 40% below its share" in text


def test_connections_that_nobody_answered_are_shown() -> None:
    """They appear in the account, in the phase tables, and in a verdict that depends on them."""
    run, replacements = restarted(users=300)
    for at in (5.0, 20.0):
        run.connect_in_vain(at)
    made = run.summary()
    lines = report(made, judge(made, SERVERS, [], replacements), "x")
    assert "; 2 unattributed, never answered" in text_of(lines)
    assert [line.split()[1:] for line in lines if line.startswith("unattributed")] == [
        ["1", "1"],
        ["0", "1"],
        ["1", "2"],
        ["2"],
    ]


def test_servers_own_counts_have_a_line() -> None:
    """Both sides agree, or the line says what each counted."""
    made = plain(dict.fromkeys(SERVERS, 70))
    for served, words in (
        (70, "1 could be asked and count 70 answers to this run: the same as the clients have"),
        (
            69,
            "count 69 answers to this run; 1 do not fit the clients' counts: server-a 69, clients",
        ),
    ):
        own = own_counts(served + 4, {"0123456789abcdef": served})
        verdict = judge(made, SERVERS, server_counts={"server-a": own})
        text = text_of(report(made, verdict, "x"))
        assert words in text
        assert "; 4 more answers went to others" in text


@pytest.mark.parametrize(("replicas", "drawn"), [(3, 3), (13, 0)])
def test_answers_of_few_replicas_are_drawn_over_time(replicas: int, drawn: int) -> None:
    """A run without an event shows each replica's answers as bars, unless there are many."""
    names = [f"server-{number:02d}" for number in range(replicas)]
    lines = lines_of(plain(dict.fromkeys(names, 30)), names)
    strips = [line for line in lines if (line.startswith("server-") and "▁" in line) or "█" in line]
    assert len(strips) == drawn
