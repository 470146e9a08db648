"""The closing report: the seed's table, the account, the phases, and lines that fit a terminal."""

import copy
from typing import Any

import pytest

from long_lived.client.errors import ErrorKind
from long_lived.lab.report import report, seed_table
from long_lived.lab.verdict import judge

from .runs import LOAD_SECONDS, NEW, SERVERS, plain, restarted, scaled

HUGE = 100_000
LONG = [f"{'long-lived-server-' * 3}{letter}{'9' * 8}"[:63] for letter in "abcde"]
"""Pod names as long as they get on a cluster: 63 characters."""


def lines_of(
    made: dict[str, Any] | None,
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
    pods = {name: {"requests": count} for name, count in [("b", 5), ("c", 10_000_000), ("a", 5)]}
    assert seed_table(pods) == ["counts server-name", "10000000 c", "5      a", "5      b"]
    assert seed_table({}) == ["counts server-name"]


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
    assert lines[-3] == "note         its beginning is gone"
    assert [*lines[:-3], *lines[-2:]] == lines_of(made, [*SERVERS])


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
    enough = lines_of(plain({"a": 50, "b": 50}), ["a", "b"])
    assert any(line.startswith("spread ") for line in enough)
    for made in (plain({"a": 2, "b": 2}), plain({"a": 500})):
        assert not any(line.startswith("spread ") for line in lines_of(made, list(made["pods"])))


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
    ("keeps", "judged"), [(True, "held by chance"), (False, "opened by chance")], ids=str
)
def test_phase_table_says_which_connections_are_judged(keeps: bool, judged: str) -> None:
    """Kept connections are judged by who holds them, others by who got them; never both."""
    text = "\n".join(restart_lines(keeps=keeps))
    assert text.count(judged) == 2
    assert text.count("by chance") == 2


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
    made = run.summary(LOAD_SECONDS)
    text = " ".join(" ".join(report(made, judge(made, SERVERS, [], replacements), "x")).split())
    assert (
        f"restart {lost} requests in flight on the stopped replicas were lost, "
        "2 more failed while replicas were restarting" in text
    )


def test_report_without_a_restart_has_no_phases() -> None:
    """Where nothing was restarted there is one table of connections, and no strip."""
    text = "\n".join(lines_of(plain(dict.fromkeys(SERVERS, 30)), [*SERVERS]))
    assert not any(word in text for word in ("before,", "during,", "after,", "restart ", "↓"))
    assert "still open" in text
