"""Several runs side by side, from real verdicts."""

from typing import Any

import pytest
from tests.lab.runs import SERVERS, plain, restarted, scaled

from long_lived.lab.analysis.verdict import judge
from long_lived.lab.report.comparison import COLUMNS, LEGEND, Compared, table

GEVENT = ("server.runtime=gunicorn", "server.gunicorn.workerClass=gevent-repaired")
STOCK = ("server.runtime=gunicorn", "server.gunicorn.workerClass=gthread")


def compared(*overrides: str, factor: int = 1, **given: Any) -> Compared:
    """Make one of the runs, with a restart."""
    run, replacements = restarted(*overrides, **{"users": 300, **given})
    made = scaled(run.summary(), factor)
    return Compared(run.settings, made, judge(made, SERVERS, [], replacements))


def without_restart(*overrides: str, **given: Any) -> Compared:
    """Make one of the runs, in which nothing happens."""
    made = plain(dict.fromkeys(SERVERS, 70), *overrides, **given)
    run, _ = restarted(*overrides)
    return Compared(run.settings, made, judge(made, SERVERS))


def cells(runs: list[Compared]) -> list[list[str]]:
    """Return the table's rows without its legend, by its columns."""
    heading, *rows = table(runs)[: len(runs) + 1]
    starts = [heading.index(name) for name in COLUMNS]
    ends = [*starts[1:], None]
    return [
        [row[start:end].strip() for start, end in zip(starts, ends, strict=True)] for row in rows
    ]


def test_table_has_a_row_for_each_run() -> None:
    """Flask heals, Go and gunicorn are pinned: what the three columns of the seed say."""
    runs = [
        compared("server.runtime=flask", keeps=False, lost=12),
        compared("server.runtime=go", "experiment.expect=pinned", lost=40),
        compared("server.runtime=gunicorn", "experiment.expect=pinned"),
        compared(*STOCK, "experiment.expect=pinned", lost=11),
        compared(*GEVENT, "experiment.expect=even", heals=True),
    ]
    assert cells(runs) == [
        ["flask", "100%", "33 33 33", "33 33 33", "2.5 s", "12", "even"],
        ["go", "0%", "33 33 33", "100 0 0", "never", "40", "pinned"],
        ["gthread*", "0%", "33 33 33", "100 0 0", "never", "0", "pinned"],
        ["gthread", "0%", "33 33 33", "100 0 0", "never", "11", "pinned"],
        ["gevent*", "0%", "33 33 33", "40 30 30", "4.5 s", "0", "even"],
    ]


def test_unexpected_finding_is_marked() -> None:
    """Whoever expected something else sees it at a glance."""
    runs = [compared("experiment.expect=even"), compared("experiment.expect=any")]
    assert [row[-1] for row in cells(runs)] == ["pinned (!)", "pinned"]


def test_run_without_restart_or_summary_has_dashes() -> None:
    """What there is nothing to say of is a dash, and the row stays."""
    nothing = Compared(without_restart().settings, None, judge(None, SERVERS, ["it broke"]))
    assert cells([without_restart(), nothing]) == [
        ["flask", "100%", "–", "–", "–", "–", "even"],
        ["flask", "–", "–", "–", "–", "–", "incomplete (!)"],
    ]


def test_run_that_ended_in_its_restart_has_no_after() -> None:
    """Before is told, after is a dash, and even again was never."""
    run, replacements = restarted(end=11.0)
    made = run.summary(11.0)
    short = Compared(run.settings, made, judge(made, SERVERS, [], replacements))
    (row,) = cells([short])
    assert row[2:5] == ["33 33 33", "–", "never"]
    assert row[-1] == "incomplete (!)"


def test_shares_after_the_restart_leave_out_who_is_gone() -> None:
    """A stopped replica that still drained has no column of its own among those that serve."""
    run, replacements = restarted("experiment.expect=any", heals=True)
    for index in range(3):
        run.connect("server-b", 13.0 + index)
    made = run.summary()
    drained = Compared(run.settings, made, judge(made, SERVERS, [], replacements))
    (row,) = cells([drained])
    assert len(row[3].split()) == 3


MANY = tuple(f"server-{letter}" for letter in "abcdefghijkl")

TABLES: dict[str, list[Compared]] = {
    "three": [compared("server.runtime=gunicorn", lost=9), compared(keeps=False), compared()],
    "one": [without_restart()],
    "none": [],
    "huge": [compared(*GEVENT, "experiment.expect=even", lost=50, factor=100_000)],
}


@pytest.mark.parametrize("name", TABLES)
def test_table_fits_80_columns_and_has_a_legend(name: str) -> None:
    """Whatever the numbers, lines have at most 80 columns; every column but one is explained."""
    lines = table(TABLES[name])
    assert [line for line in lines if len(line) > 80 or line != line.rstrip()] == []
    assert lines[-len(LEGEND) :] == list(LEGEND)
    explained = [line.split("  ")[0] for line in LEGEND]
    assert explained == [name for name in COLUMNS if name != "verdict"]


@pytest.mark.parametrize(("replicas", "shares"), [(5, "100 0 0 0 0"), (12, "100 … 0")])
def test_table_of_many_replicas_fits_80_columns(replicas: int, shares: str) -> None:
    """Where the shares of all find no room, the largest and the smallest stand for them."""
    servers = MANY[:replicas]
    new = [f"{name}-new" for name in servers[1:]]
    run, replacements = restarted(servers=servers, new=new, users=20 * replicas)
    made = run.summary()
    many = Compared(run.settings, made, judge(made, servers, [], replacements))
    assert [line for line in table([many]) if len(line) > 80] == []
    (row,) = cells([many])
    assert row[3] == shares
