"""Reading a client's log while it grows."""

import json
from pathlib import Path

import pytest

from client.ledger import Progress
from lab.logs import ClientLog, Tail, moment

ANSWER = "Response from Pod server-a after 1.000 s connection=1 new=yes service=1.001 at=1.002"
PROGRESS = str(Progress(10, 4, 3, 2))
SUMMARY = json.dumps({"format": 1, "requests": {}}, separators=(",", ":"))


def fed(*lines: str) -> ClientLog:
    """Make a log of `lines`."""
    log = ClientLog()
    for line in lines:
        log.feed(line)
    return log


def test_answers_are_counted_by_replica() -> None:
    """Each answer's line counts for the replica that it names."""
    log = fed(ANSWER, ANSWER, ANSWER.replace("server-a", "server-b"))
    assert log.answered == {"server-a": 2, "server-b": 1}


def test_progress_is_the_last_reported() -> None:
    """The line that a ledger writes is the line that the lab reads."""
    assert fed(PROGRESS, str(Progress(10, 0, 8, 2))).progress == Progress(10, 0, 8, 2)


def test_summary_is_read() -> None:
    """The summary is the object in its line."""
    assert fed(ANSWER, SUMMARY).summary == {"format": 1, "requests": {}}


@pytest.mark.parametrize(
    "line",
    [
        "",
        "Request failed: read_timeout at=1.000 late",
        "Waiting: http://127.0.0.1/readyz answers 503",
        f"x{ANSWER}",
        f"{PROGRESS}.",
        SUMMARY[:-1],
        '{"other": 1}',
    ],
)
def test_line_of_another_form_is_passed_over(line: str) -> None:
    """Whatever else a log holds counts for nothing."""
    assert fed(line) == ClientLog()


@pytest.fixture
def tail(tmp_path: Path):
    """Follow a file that can be appended to."""
    file = tmp_path / "client.log"
    file.touch()
    made = Tail(file)
    with file.open("ab", buffering=0) as stream:
        yield made, stream.write
    made.close()


def test_tail_takes_in_what_was_added(tail) -> None:
    """Each read takes in the new lines, and none twice."""
    made, write = tail
    made.read()
    for count in (1, 2):
        write(f"{ANSWER}\n".encode())
        made.read()
        made.read()
        assert made.log.answered == {"server-a": count}


def test_tail_waits_for_the_end_of_a_line(tail) -> None:
    """A line that is not complete yet is taken in when it is, whatever its pieces."""
    made, write = tail
    for byte in f"{ANSWER}\n{SUMMARY}".encode():
        assert made.log.summary is None
        write(bytes([byte]))
        made.read()
    assert made.log.answered == {"server-a": 1}
    assert made.log.summary is None
    write(b"\n")
    made.read()
    assert made.log.summary == {"format": 1, "requests": {}}


def test_tail_survives_what_is_no_text(tail) -> None:
    """Bytes that are no UTF-8 do not end the reading."""
    made, write = tail
    write(b"\xff\xfe\n" + ANSWER.encode() + b"\n")
    made.read()
    assert made.log.answered == {"server-a": 1}


def test_moment_before_any_progress_says_that_users_start() -> None:
    """Before the first report nothing is known, and the display says why."""
    seen = moment([ClientLog(), ClientLog()], ["server-a"])
    assert (seen.planned, seen.in_flight, seen.answered, seen.by_replica) == (
        0,
        0,
        0,
        {"server-a": 0},
    )
    assert seen.note == "starting the virtual users"


def test_moment_adds_clients_up() -> None:
    """Two clients' reports are one moment; replicas without answers are there, too."""
    logs = [fed(ANSWER, str(Progress(10, 4, 1, 2))), fed(str(Progress(10, 5, 0, 0)))]
    seen = moment(logs, ["server-a", "server-b"])
    assert (seen.planned, seen.in_flight, seen.answered, seen.failed) == (20, 9, 1, 2)
    assert seen.by_replica == {"server-a": 1, "server-b": 0}
    assert seen.note == ""


def test_moment_takes_answers_since_the_last_report_out_of_flight() -> None:
    """Answers come as they happen, reports once in a while: the answers know better."""
    seen = moment([fed(str(Progress(10, 6, 0, 0)), ANSWER, ANSWER)], ["server-a"])
    assert (seen.in_flight, seen.answered) == (4, 2)


def test_moment_without_logged_answers_believes_the_report() -> None:
    """Where answers are not logged the report alone counts, and nothing is negative."""
    seen = moment([fed(PROGRESS)], ["server-a"])
    assert (seen.in_flight, seen.answered, seen.by_replica) == (4, 3, {"server-a": 0})
    ahead = moment([fed(str(Progress(3, 1, 0, 0)), ANSWER, ANSWER, ANSWER)], ["server-a"])
    assert ahead.in_flight == 0
