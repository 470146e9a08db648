"""Reading a client's log as it grows."""

from pathlib import Path
from typing import Any

import pytest
from tests.lab.runs import plain

from long_lived.lab.experiment.course import TICK_SECONDS
from long_lived.lab.logs.client_log import ClientLog, Tail, moment
from long_lived.record.lines import Progress

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
    assert (seen.planned, seen.in_flight, seen.answered, seen.by_replica) == (
        0,
        0,
        0,
        {"server-a": 0},
    )
    assert seen.note == "starting the virtual users"


def test_moment_adds_clients_up() -> None:
    """Two clients' reports make one moment; replicas without answers are listed, too."""
    logs = [fed(ANSWER, str(Progress(10, 4, 1, 2))), fed(str(Progress(10, 5, 0, 0)))]
    seen = moment(logs, ["server-a", "server-b"])
    assert (seen.planned, seen.in_flight, seen.answered, seen.failed) == (20, 9, 1, 2)
    assert seen.by_replica == {"server-a": 1, "server-b": 0}
    assert seen.note == ""


def test_moment_shows_the_account_as_the_client_reported_it() -> None:
    """Answers after the last report wait for the next one, also by replica."""
    seen = moment([fed(ANSWER, str(Progress(10, 6, 1, 0)), ANSWER, ANSWER)], ["server-a"])
    assert (seen.planned, seen.in_flight, seen.answered, seen.failed) == (10, 6, 1, 0)
    assert seen.by_replica == {"server-a": 1}


def test_moment_without_logged_answers_believes_the_report() -> None:
    """If answers are not logged only the report counts."""
    seen = moment([fed(PROGRESS)], ["server-a"])
    assert (seen.in_flight, seen.answered, seen.by_replica) == (4, 3, {"server-a": 0})


def test_moment_knows_replicas_that_nobody_has_announced() -> None:
    """A replica that answers is shown, whether or not the lab started it."""
    logs = [fed(ANSWER, str(Progress(10, 6, 1, 0)))]
    assert moment(logs, ["server-b"]).by_replica == {"server-b": 0, "server-a": 1}


def test_clock_of_the_client_is_read() -> None:
    """The line that a runner writes first says when its clock started."""
    assert fed(ANSWER).clock_started_unix_seconds is None
    assert fed(STARTED, ANSWER).clock_started_unix_seconds == 1_000.5


STARTED = "Started: 10 virtual users in 0.1 s, 0.5 s of CPU since the process began, clock=1000.500"
LATE = "Request failed: read_timeout at=2.000 sent=1.000 late"


def test_uncertainty_of_a_clock_is_the_lead_of_the_quickest_line(tmp_path: Path) -> None:
    """Half of the lines took 3 s longer than the quickest; a tick of the lab is added."""
    made = followed(tmp_path, [1007.5, 1010.5, 1012.5])
    assert made.clock_lag_seconds == pytest.approx(7.0)
    assert made.clock_uncertainty_seconds == pytest.approx(3.0 + TICK_SECONDS)


def test_clock_that_nobody_has_compared_is_not_uncertain(tmp_path: Path) -> None:
    """Without a line there is nothing to be wrong about."""
    made = followed(tmp_path, [])
    assert (made.clock_lag_seconds, made.clock_uncertainty_seconds) == (None, 0.0)


def test_finished_clients_log_says_nothing_about_its_clock(tmp_path: Path) -> None:
    """Its lines may be hours old: they are counted, and no more."""
    made = followed(tmp_path, [1007.5], live=False)
    assert made.log.clock_started_unix_seconds == 1000.5
    assert made.clock_lag_seconds is None


def test_log_followed_again_keeps_the_lag_of_its_clock(tmp_path: Path) -> None:
    """After a cut all lines arrive once more, and late."""
    before = followed(tmp_path, [1007.5])
    made = followed(tmp_path, [1300.5], before=before)
    assert made.clock_lag_seconds == pytest.approx(7.0)


def followed(tmp_path: Path, arrivals: list[float], **given: Any) -> Tail:
    """Follow a log to which a clock's start at 1,000.5 is written at each of these arrivals."""
    file = tmp_path / "client.log"
    file.write_text("")
    now = iter(arrivals)
    made = Tail(file, lambda: next(now), **given)
    for _ in arrivals:
        with file.open("a") as stream:
            stream.write(f"{STARTED}\n")
        made.read()
    made.close()
    return made


@pytest.mark.parametrize(
    ("arrivals", "lag"),
    [
        ([(PROGRESS, 5000.0)], None),
        ([(ANSWER, 5000.0)], None),
        ([(STARTED, 1007.5)], 7.0),
        ([(STARTED, 1007.5), (ANSWER, 1006.502)], 5.0),
        ([(STARTED, 1007.5), (ANSWER, 2000.0)], 7.0),
        ([(STARTED, 1007.5), (PROGRESS, 1001.0)], 7.0),
        ([(STARTED, 990.0)], -10.5),
        ([(f"{STARTED}\n{LATE}", 1003.5)], 1.0),
    ],
    ids=[
        "before-the-clock",
        "clock-not-seen",
        "start",
        "quicker-line",
        "slower-line",
        "no-time",
        "ahead",
        "newest-line",
    ],
)
def test_lag_of_a_clock_is_the_least_time_that_a_line_took(
    arrivals: list[tuple[str, float]], lag: float | None, tmp_path: Path
) -> None:
    """No line arrives before it was written, so the quickest says most about the clocks."""
    file = tmp_path / "client.log"
    file.touch()
    now = iter([at for _, at in arrivals])
    made = Tail(file, lambda: next(now))
    for text, _ in arrivals:
        with file.open("a") as stream:
            stream.write(f"{text}\n")
        made.read()
        made.read()
        if made.clock_lag_seconds is None:
            next(now, None)
    made.close()
    assert made.clock_lag_seconds == (None if lag is None else pytest.approx(lag))
