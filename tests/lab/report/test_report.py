"""The closing report: the seed's table, the account, the phases, and lines that fit a terminal."""

import copy
from typing import Any

import pytest
from tests.lab.runs import (
    LOAD_SECONDS,
    NEW,
    SERVERS,
    START,
    Run,
    changed,
    own_counts,
    plain,
    restarted,
    scaled,
)

from long_lived.lab.analysis.events.replacement import Replacement
from long_lived.lab.analysis.verdict import judge
from long_lived.lab.report.closing import report, seed_table
from long_lived.record.error_kind import ErrorKind
from long_lived.record.summary import Stalls, Summary

HUGE = 100_000
LONG = [f"{'long-lived-server-' * 3}{letter}{'9' * 8}"[:63] for letter in "abcde"]
"""Pod names as long as they get on a cluster: 63 characters."""


def lines_of(
    made: Summary | None,
    replicas: list[str],
    problems: tuple[str, ...] = (),
    remarks: tuple[str, ...] = (),
) -> list[str]:
    """Write the report of a run without a restart."""
    return report(made, judge(made, replicas, problems), "results/x", remarks)


def restart_lines(**given: Any) -> list[str]:
    """Write the report of a run with a restart."""
    factor = given.pop("factor", 1)
    servers = given.get("servers", SERVERS)
    run, replacements = restarted(**given)
    made = scaled(run.summary(), factor)
    return report(made, judge(made, servers, [], replacements), "results/x")


def test_report_begins_with_the_table_of_the_seed() -> None:
    """The seed's table comes first: counts, most first, then the server's name."""
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
    """The same counts always give the same table."""
    made = plain({"a": 5, "b": 5, "c": 1})
    pods = changed(made, pods__c__requests=10_000_000).pods
    backwards = dict(reversed(pods.items()))
    assert (
        seed_table(pods)
        == seed_table(backwards)
        == ["counts server-name", "10000000 c", "5      a", "5      b"]
    )
    assert seed_table({}) == ["counts server-name"]


def troubled() -> Summary:
    """Make the summary of a client that stood still, and of servers of which one did."""
    made = scaled(plain(dict.fromkeys(SERVERS, 30)), 1_000)
    stalls = Stalls(count=2, total_seconds=8.9, longest_seconds=8.1, longest_at_seconds=12.3)
    slow = {"p99": 8.0, "max": 8.2}
    return changed(
        made.model_copy(update={"stalls": stalls}),
        send_lag_seconds__p99=7.5,
        **{f"pods__server-b__overhead_seconds__{name}": value for name, value in slow.items()},
    )


def text_of(lines: list[str]) -> str:
    """Return lines as one text, however they are broken."""
    return " ".join(" ".join(lines).split())


MANY_KINDS = dict.fromkeys(list(ErrorKind)[:7], 9)

REPORTS = {
    "even": lambda: lines_of(plain(dict.fromkeys(SERVERS, 30)), [*SERVERS]),
    "huge": lambda: lines_of(scaled(plain(dict.fromkeys(LONG, 200)), HUGE), LONG),
    "uneven": lambda: lines_of(
        scaled(plain({"server-a": 200, "server-b": 1}), HUGE), ["server-a", "server-b", "server-c"]
    ),
    "one-replica": lambda: lines_of(scaled(plain({"server-a": 200}), HUGE), ["server-a"]),
    "nothing": lambda: lines_of(plain({}), []),
    "nothing-of-three": lambda: lines_of(plain({}), [*SERVERS]),
    "many-kinds": lambda: lines_of(
        scaled(plain({"server-a": 200}, failed=MANY_KINDS), HUGE), ["server-a"]
    ),
    "remark": lambda: lines_of(
        plain({"server-a": 20}), ["server-a"], remarks=("known " * 50 + "now",)
    ),
    "pinned": lambda: restart_lines(),
    "healed": lambda: restart_lines(heals=True),
    "per-request": lambda: restart_lines(keeps=False),
    "cut-short": lambda: restart_lines(end=11.0),
    "short-run": lambda: restart_lines(end=13.0),
    "losses": lambda: restart_lines(lost=7, factor=HUGE),
    "standstill": lambda: lines_of(troubled(), [*SERVERS]),
    "pinned-long-names": lambda: restart_lines(servers=LONG[:3], new=LONG[3:], factor=HUGE),
    "healed-long-names": lambda: restart_lines(servers=LONG[:3], new=LONG[3:], heals=True),
}


@pytest.mark.parametrize("name", REPORTS)
def test_every_line_fits_80_columns(name: str) -> None:
    """Whatever the numbers and the names, a line has at most 80 columns, and none is two."""
    for line in REPORTS[name]():
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


def test_remark_is_a_note_before_the_verdict() -> None:
    """What the reader should know stands beside a label of its own, and changes no verdict."""
    made = plain(dict.fromkeys(SERVERS, 30))
    lines = lines_of(made, [*SERVERS], remarks=("its beginning is gone",))
    (first,) = [index for index, line in enumerate(lines) if line.startswith("verdict ")]
    assert lines[first - 1] == "note         its beginning is gone"
    assert [*lines[: first - 1], *lines[first:]] == lines_of(made, [*SERVERS])


def test_word_without_a_break_stands_whole() -> None:
    """A path that is longer than a line is not broken: it must be possible to copy it."""
    made = plain({"server-a": 10})
    folder = "results/" + "x" * 100
    assert report(made, judge(made, ["server-a"]), folder)[-1] == f"{'results':<13}{folder}"


def test_account_names_what_failed_and_how() -> None:
    """Planned, answered and failed by kind are in the report, as is what a connection cost."""
    made = plain(
        {"server-a": 990}, failed={ErrorKind.CONNECTION_LOST: 7, ErrorKind.READ_TIMEOUT: 3}
    )
    text = " ".join(" ".join(lines_of(made, ["server-a"])).split())
    assert (
        "990 of 1,000 planned were answered, 10 failed (7 connection_lost, 3 read_timeout)" in text
    )
    assert "990 opened (33 per second), 0 still open" in text
    assert "100% of the answers said Connection: close" in text
    assert "12.3 s of CPU, 450 MB of memory, 1 process" in text


def test_oldest_connection_is_named_with_its_replica() -> None:
    """The report says how old the longest-lived connection became, and where it led."""
    text = " ".join(" ".join(restart_lines()).split())
    assert "the longest-lived reached 30 s, to server-a" in text


def test_replica_without_connections_is_in_the_table() -> None:
    """A replica that got nothing has a line of its own, by how much it is off."""
    lines = lines_of(plain({"server-a": 50, "server-b": 50}), ["server-a", "server-b", "server-c"])
    (line,) = [line for line in lines if line.startswith("server-c ")]
    assert line.split() == ["server-c", "0", "33", "±", "5", "-7.1", "sd", "0"]


def test_spread_is_judged_only_where_there_is_enough() -> None:
    """A few connections, or one replica, get no p-value."""
    enough = lines_of(plain({"a": 42, "b": 42}), ["a", "b"])
    assert any(line.startswith("spread ") for line in enough)
    for made in (plain({"a": 42, "b": 41}), plain({"a": 500})):
        assert not any(line.startswith("spread ") for line in lines_of(made, list(made.pods)))


def test_report_leaves_the_summary_alone() -> None:
    """Writing a report changes nothing."""
    run, replacements = restarted()
    made = run.summary()
    before = copy.deepcopy(made)
    report(made, judge(made, SERVERS, [], replacements), "results/x")
    assert made == before


def test_each_phase_has_a_table_with_all_its_replicas() -> None:
    """Before, during and after follow one another, each with who served, and in what role."""
    lines = restart_lines()
    tables: dict[str, list[str]] = {}
    for title in ("before, 0.0 to 10.0 s", "during, 10.0 to 12.2 s", "after, 12.2 to 30.0 s"):
        (first,) = [index for index, line in enumerate(lines) if line.startswith(title)]
        end = lines.index("", first)
        tables[title.split(",")[0]] = [line[:26].rstrip() for line in lines[first + 1 : end]]
    assert tables == {
        "before": [*SERVERS],
        "during": [
            "server-a",
            "server-b (stopped)",
            "server-c (stopped)",
            "server-d (new)",
            "server-e (new)",
        ],
        "after": ["server-a", "server-d (new)", "server-e (new)"],
    }


@pytest.mark.parametrize(
    ("given", "when", "what"),
    [
        ({}, "judged: at 30.0 s", "held"),
        ({"keeps": False}, "judged: 21.2 to 30.0 s", "opened"),
    ],
    ids=["kept", "per-request"],
)
def test_one_table_has_what_is_judged(given: dict[str, Any], when: str, what: str) -> None:
    """Its title says when and what was counted; each replica that serves has a line."""
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
    """In the account, in the tables of the phases, and where the verdict is about them."""
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


def test_client_that_stood_still_is_told_from_a_slow_server() -> None:
    """Whoever stood still is named: else a standstill of the client looks like the servers'."""
    text = text_of(lines_of(troubled(), [*SERVERS]))
    assert (
        "note the client stood still 2 times, 8.9 s in all, the longest 8.1 s from 12.3 s" in text
    )
    assert "note one request in a hundred was sent 7.5 s or more after its time" in text
    assert (
        "note server-b is slow: overhead p99 8 s, max 8.2 s; of the replicas in the middle" in text
    )
    assert "note" not in text_of(lines_of(plain(dict.fromkeys(SERVERS, 30)), [*SERVERS]))


def test_replica_that_restarted_in_place_is_named() -> None:
    """Its name does not change, so the report says when it was, and why where that is known."""
    run = Run()
    for pod in SERVERS:
        run.start(pod, -60.0)
        for index in range(70):
            run.ask(run.connect(pod, index / 100), 5.0)
    run.start("server-b", 12.0)
    run.connect("server-b", 13.0)
    crash = Replacement(
        START + 9, "server-c", START + 9, "server-c", START + 11, reason="OOMKilled"
    )
    made = run.summary()
    text = text_of(report(made, judge(made, SERVERS, [], [crash]), "x"))
    assert "note server-c restarted in place at 9.0 s: OOMKilled note server-b restarted" in text
    assert "server-b restarted in place at 5.0 s" in text


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ((), "servers flask requests"),
        (
            ("server.runtime=gunicorn", "server.gunicorn.workerClass=gthread"),
            "servers gunicorn, worker gthread (gunicorn's own) requests",
        ),
        (
            ("server.runtime=gunicorn",),
            "servers gunicorn, worker gthread-repaired (this project's, with defects mended)",
        ),
    ],
    ids=["flask", "stock", "repaired"],
)
def test_report_says_what_served(settings: tuple[str, ...], words: str) -> None:
    """Whoever takes a mended worker for gunicorn's own learns something wrong about gunicorn."""
    assert words in text_of(lines_of(plain(dict.fromkeys(SERVERS, 70), *settings), [*SERVERS]))


def test_times_and_rates_are_in_the_account() -> None:
    """Rate is sent, throughput is answered, and each time has its percentiles."""
    lines = lines_of(plain(dict.fromkeys(SERVERS, 100)), [*SERVERS])
    text = text_of(lines)
    assert "rate 10.1 sent per second, throughput 10 answered per second" in text
    many = text_of(lines_of(plain(dict.fromkeys(SERVERS, 12_000)), [*SERVERS]))
    assert "rate 1,200 sent per second, throughput 1,200 answered per second" in many
    for label in ("service time", "response", "send lag", "overhead"):
        assert any(line.startswith(f"{label:<13}p50 ") for line in lines)


def test_servers_own_counts_have_a_line() -> None:
    """Both sides agree, or the line says who counted what."""
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


def test_strip_shows_who_answered_when() -> None:
    """Over the same time the stopped replicas fall silent and the new ones begin."""
    lines = restart_lines(heals=True)
    (first,) = [index for index, line in enumerate(lines) if line.startswith("answers, 0 to 30 s")]
    strips = {line[:26].rstrip(): line[28:] for line in lines[first + 1 : first + 6]}
    assert list(strips) == [*SERVERS, *NEW]
    stop, ready = lines[first].index("↓"), lines[first].index("↑")
    assert stop < ready
    for name in SERVERS[1:]:
        assert len(strips[name]) <= stop - 28 + 1
        assert " " not in strips[name]
    for name in NEW:
        assert strips[name][: ready - 28 - 1].strip() == ""
        assert strips[name].strip() != ""
    assert " " not in strips["server-a"]


@pytest.mark.parametrize("lost", [0, 5])
def test_losses_of_the_restart_are_told_apart(lost: int) -> None:
    """Requests in flight on the stopped replicas have a line, with others that failed meanwhile."""
    run, replacements = restarted(lost=lost)
    run.fail(ErrorKind.CONNECT_REFUSED, 11.0, 2)
    run.fail(ErrorKind.CONNECTION_LOST, 11.0, 3)
    run.fail(ErrorKind.CONNECTION_LOST, 11.0, 4, pod="server-a")
    made = run.summary(LOAD_SECONDS)
    text = " ".join(" ".join(report(made, judge(made, SERVERS, [], replacements), "x")).split())
    on = f" ({lost} on server-b)" if lost else ""
    assert (
        f"restart {lost} requests in flight on the stopped replicas were lost{on}, "
        "3 unattributed ones broke in that time, each the first on its connection, "
        "6 more, sent before or during it, failed" in text
    )


def test_report_without_a_restart_has_no_phases() -> None:
    """Where nothing was restarted there is one table of connections, and no strip."""
    text = "\n".join(lines_of(plain(dict.fromkeys(SERVERS, 30)), [*SERVERS]))
    assert not any(word in text for word in ("before,", "during,", "after,", "restart ", "↓"))
    assert "still open" in text
