"""Before, during and after in the report: who served, who answered when, and what was lost."""

import pytest
from tests.lab.report.reports import lines_of, restart_lines
from tests.lab.runs import LOAD_SECONDS, NEW, SERVERS, START, Run, plain, restarted

from long_lived.lab.analysis.events.change import Change
from long_lived.lab.analysis.verdict import judge
from long_lived.lab.report.closing import report
from long_lived.record.error_kind import ErrorKind


def test_each_phase_has_a_table_with_all_its_replicas() -> None:
    """Before, during and after each list who served, and in what role."""
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


def test_strip_shows_who_answered_when() -> None:
    """On one time axis, stopped replicas fall silent and new ones begin."""
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
    """Requests in flight on the stopped replicas have a line apart from other failures."""
    run, replacements = restarted(lost=lost)
    run.fail(ErrorKind.CONNECT_REFUSED, 11.0, 2)
    run.fail(ErrorKind.CONNECTION_LOST, 11.0, 3)
    run.fail(ErrorKind.CONNECTION_LOST, 11.0, 4, pod="server-a")
    made = run.summary(LOAD_SECONDS)
    text = " ".join(" ".join(report(made, judge(made, SERVERS, [], replacements), "x")).split())
    on = f" ({lost} on server-b)" if lost else ""
    assert (
        f"event {lost} requests in flight on the stopped replicas were lost{on}, "
        "3 unattributed ones broke in that time, each the first on its connection, "
        "6 more, sent before or during it, failed" in text
    )


def test_report_without_a_restart_has_no_phases() -> None:
    """Without a restart there is one table of connections, and no strip."""
    text = "\n".join(lines_of(plain(dict.fromkeys(SERVERS, 30)), [*SERVERS]))
    assert not any(word in text for word in ("before,", "during,", "after,", "event ", "↓"))
    assert "still open" in text


@pytest.mark.parametrize(("first", "words"), [(14.0, "2.1 s"), (12.0, "at most 0.1 s")])
def test_service_lag_is_reported_beside_what_was_stopped(first: float, words: str) -> None:
    """A scale-up stops nothing, but its replica's Service lag is reported, or bounded."""
    run = Run("experiment.expect=any")
    for at in (index / 40 for index in range(40 * int(LOAD_SECONDS))):
        crew = SERVERS if at < first else (*SERVERS, "server-d")
        run.hang_up(run.connect(crew[round(at * 40) % len(crew)], at), at)
    added = [Change(START + 10, None, None, "server-d", START + 12)]
    made = run.summary(LOAD_SECONDS)
    text = " ".join(" ".join(report(made, judge(made, SERVERS, [], added), "x")).split())
    assert (
        "event no replica was stopped; 0 requests sent during it failed "
        f"service lag {words} server-d: from ready to the first connection" in text
    )
