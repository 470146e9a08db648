"""Notes: what the reader should know before the verdict."""

from tests.lab.report.reports import lines_of, text_of, troubled
from tests.lab.runs import SERVERS, START, Run, plain

from long_lived.lab.analysis.events.change import Change
from long_lived.lab.analysis.verdict import judge
from long_lived.lab.report.closing import report


def test_remark_is_a_note_before_the_verdict() -> None:
    """A remark has its own label, and changes no verdict."""
    made = plain(dict.fromkeys(SERVERS, 30))
    lines = lines_of(made, [*SERVERS], remarks=("its beginning is gone",))
    (first,) = [index for index, line in enumerate(lines) if line.startswith("verdict ")]
    assert lines[first - 1] == "note         its beginning is gone"
    assert [*lines[: first - 1], *lines[first:]] == lines_of(made, [*SERVERS])


def test_client_that_stalled_is_told_from_a_slow_server() -> None:
    """The report names who stalled: otherwise a client's stall looks like the servers'."""
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
    """Its name does not change, so the report says when it restarted, and why if known."""
    run = Run()
    for pod in SERVERS:
        run.start(pod, -60.0)
        for index in range(70):
            run.ask(run.connect(pod, index / 100), 5.0)
    run.start("server-b", 12.0)
    run.connect("server-b", 13.0)
    crash = Change(START + 9, "server-c", START + 9, "server-c", START + 11, reason="OOMKilled")
    made = run.summary()
    text = text_of(report(made, judge(made, SERVERS, [], [crash]), "x"))
    assert "note server-c restarted in place at 9.0 s: OOMKilled note server-b restarted" in text
    assert "server-b restarted in place at 5.0 s" in text
