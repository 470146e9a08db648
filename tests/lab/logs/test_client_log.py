"""Reading a client's log as it grows."""

from pathlib import Path

import pytest
from tests.lab.runs import plain

from long_lived.lab.experiment.moment import Standing
from long_lived.lab.logs.client_log import ClientLog, Tail, moment
from long_lived.record.lines import Part, Parts, Progress

ANSWER = "Response from Pod server-a after 1.000 s connection=1 new=yes service=1.001 at=1.002"
PROGRESS = str(Progress(10, 4, 3, 2))
TOLD = plain({"server-a": 3})
SUMMARY = str(TOLD)


def fed(*lines: str) -> ClientLog:
    """Make a log from `lines`."""
    log = ClientLog()
    for line in lines:
        log.feed(line)
    return log


def test_answers_are_counted_by_replica() -> None:
    """Each answer's line counts for the replica it names."""
    log = fed(ANSWER, ANSWER, ANSWER.replace("server-a", "server-b"))
    assert log.answered == {"server-a": 2, "server-b": 1}


def test_progress_is_the_last_reported() -> None:
    """The lab reads the line that the ledger writes."""
    assert fed(PROGRESS, str(Progress(10, 0, 8, 2))).progress == Progress(10, 0, 8, 2)


def test_summary_is_read() -> None:
    """The summary is the JSON object on its line."""
    assert fed(ANSWER, SUMMARY).summary == TOLD


def test_summary_of_another_version_ends_a_log_too() -> None:
    """It is not read, but ends the log; the last summary counts."""
    log = fed(SUMMARY, '{"format":1}')
    assert (log.summary, log.unread) == (None, "a summary of format 1: must be 3")
    assert log.whole
    assert fed('{"format":1}', SUMMARY) == fed(SUMMARY)
    assert not fed(ANSWER).whole


@pytest.mark.parametrize(
    "line",
    [
        "",
        "Request failed: read_timeout at=1.000 sent=0.500 late",
        "Waiting: http://127.0.0.1/readyz answers 503",
        f"x{ANSWER}",
        f"{PROGRESS}.",
        SUMMARY[:-1],
        '{"other": 1}',
    ],
)
def test_line_of_another_form_is_passed_over(line: str) -> None:
    """Anything else in a log counts for nothing."""
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
    """An incomplete line is taken in once it is complete, in however many pieces it comes."""
    made, write = tail
    for byte in f"{ANSWER}\n{SUMMARY}".encode():
        assert made.log.summary is None
        write(bytes([byte]))
        made.read()
    assert made.log.answered == {"server-a": 1}
    assert made.log.summary is None
    write(b"\n")
    made.read()
    assert made.log.summary == TOLD


def test_tail_survives_what_is_not_text(tail) -> None:
    """Bytes that are not UTF-8 do not end the reading."""
    made, write = tail
    write(b"\xff\xfe\n" + ANSWER.encode() + b"\n")
    made.read()
    assert made.log.answered == {"server-a": 1}


def test_moment_before_any_progress_says_that_users_start() -> None:
    """Before the first report nothing is known, and the display says why."""
    seen = moment([ClientLog(), ClientLog()], ["server-a"])
    assert (seen.planned, seen.in_flight, seen.answered) == (0, 0, 0)
    assert seen.by_replica == {"server-a": Standing()}
    assert seen.note == "starting the virtual users"


def test_moment_adds_clients_up() -> None:
    """Two clients' reports make one moment; all replicas are listed, announced or not."""
    parts = Parts(2, (Part("server-a", 1, 2, 3), Part("server-z", 4, 0, 5)))
    logs = [
        fed(str(parts), str(Progress(10, 4, 1, 2))),
        fed(str(Parts(1, (Part("server-a", 10, 20, 30),))), str(Progress(10, 5, 0, 0))),
    ]
    seen = moment(logs, ["server-a", "server-b"])
    assert (seen.planned, seen.in_flight, seen.answered, seen.failed) == (20, 9, 1, 2)
    assert seen.nameless == 3
    assert seen.by_replica == {
        "server-a": Standing(11, 22, 33),
        "server-b": Standing(),
        "server-z": Standing(4, 0, 5),
    }
    assert seen.note == ""


def test_moment_shows_the_account_as_the_client_reported_it() -> None:
    """Answers after the last report wait for the next one, also by replica."""
    told = str(Parts(0, (Part("server-a", 1, 0, 1),)))
    seen = moment([fed(ANSWER, told, str(Progress(10, 6, 1, 0)), ANSWER, ANSWER)], ["server-a"])
    assert (seen.planned, seen.in_flight, seen.answered, seen.failed) == (10, 6, 1, 0)
    assert seen.by_replica == {"server-a": Standing(1, 0, 1)}
