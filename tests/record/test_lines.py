"""The lines of a client's log are read as they were written."""

import hypothesis
import hypothesis.strategies as some
import pytest

from long_lived.record.error_kind import ErrorKind
from long_lived.record.lines import (
    BEGINNINGS,
    MOST_DETAIL,
    Failure,
    Line,
    Part,
    Parts,
    Progress,
    Response,
    Started,
    printable,
    read,
)

MANY = hypothesis.settings(deadline=None, max_examples=200)

COUNTS = some.integers(0, 10_000_000)
SECONDS = some.integers(0, 10**13).map(lambda ms: ms / 1000)
TENTHS = some.integers(0, 10**6).map(lambda tenths: tenths / 10)
PODS = some.from_regex(r"[A-Za-z0-9._-]{1,40}", fullmatch=True)
DETAILS = (
    some.text(max_size=300)
    .map(lambda text: printable(" ".join(text.split()))[:MOST_DETAIL].strip())
    # Only a pod's name begins like this, and no error text does.
    .filter(lambda text: not text.startswith("pod="))
)

LINES: some.SearchStrategy[Line] = some.one_of(
    some.builds(Started, COUNTS, TENTHS, TENTHS, SECONDS),
    some.builds(Response, PODS, some.none() | SECONDS, COUNTS, some.booleans(), SECONDS, SECONDS),
    some.builds(
        Failure, some.sampled_from(ErrorKind), SECONDS, SECONDS, some.none() | PODS, DETAILS
    ),
    some.builds(Progress, COUNTS, COUNTS, COUNTS, COUNTS),
    some.builds(
        Parts,
        COUNTS,
        some.lists(some.builds(Part, PODS, COUNTS, COUNTS, COUNTS), max_size=4).map(tuple),
    ),
)


@MANY
@hypothesis.given(LINES)
def test_line_that_is_written_is_read_back(line: Line) -> None:
    """It is accurate to the millisecond, and the same kind of line."""
    found = read(str(line))
    assert type(found) is type(line)
    assert found == line


@MANY
@hypothesis.given(LINES)
def test_line_is_one_line_with_a_known_beginning(line: Line) -> None:
    """A reader finds a client's lines among others."""
    text = str(line)
    assert len(text.splitlines()) == 1
    assert text.startswith(BEGINNINGS)


@MANY
@hypothesis.given(some.text(max_size=1_000), some.none() | PODS)
def test_any_error_is_one_short_line(detail: str, pod: str | None) -> None:
    """A library's message may have many lines, or none."""
    text = str(Failure(ErrorKind.BAD_ANSWER, 1.0, 0.5, pod, detail))
    assert len(text.splitlines()) == 1
    assert text == text.rstrip()
    assert len(text) < MOST_DETAIL + 120


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (
            Started(1000, 0.25, 1.26, 1_800_000_000.0),
            "Started: 1000 virtual users in 0.2 s, 1.3 s of CPU since the process began, "
            "clock=1800000000.000",
        ),
        (
            Response("server-a", 0.5, 7, True, 0.6, 1.2345),
            "Response from Pod server-a after 0.500 s connection=7 new=yes service=0.600 at=1.234",
        ),
        (
            Response("web-1", None, 7, False, 0.6, 1.2345),
            "Response from Pod web-1 connection=7 new=no service=0.600 at=1.234",
        ),
        (
            Failure(ErrorKind.READ_TIMEOUT, 6.0, 1.0, "server-a", "too\nlate"),
            "Request failed: read_timeout at=6.000 sent=1.000 pod=server-a too late",
        ),
        (
            Failure(ErrorKind.INTERRUPTED, 6.0, 1.0),
            "Request failed: interrupted at=6.000 sent=1.000",
        ),
        (Progress(10, 4, 3, 2), "Progress: 10 planned, 4 in flight, 3 answered, 2 failed"),
        (
            Parts(5, (Part("web-1", 12, 1, 4), Part("a,b", 10, 0, 3))),
            "Answered/failed/held: unknown 0/0/5, web-1 12/1/4, a,b 10/0/3",
        ),
    ],
    ids=["started", "response", "no-delay", "failure", "interrupted", "progress", "parts"],
)
def test_line_looks_as_it_always_did(line: Line, text: str) -> None:
    """Logs are kept, and people search them."""
    assert str(line) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Waiting: http://127.0.0.1/readyz answers 503",
        "Response from Pod server-a after 0.500 s",
        "Request failed: read_timeout at=1.000 late",
        "Request failed: bad_luck at=1.000 sent=0.500",
        "Progress: 10 planned, 4 in flight, 3 answered, 2 failed.",
        " Progress: 10 planned, 4 in flight, 3 answered, 2 failed",
        "Answered/failed/held: unknown 0/0/5, web-1 12/1",
        "Answered/failed/held: web-1 12/1/4",
        "Started: 3 virtual users",
        '{"format":3}',
    ],
)
def test_other_line_is_passed_over(text: str) -> None:
    """A line that only looks like one of ours is not read."""
    assert read(text) is None
