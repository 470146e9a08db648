"""The account: what was planned, answered and failed, how fast, and what served."""

import pytest
from tests.lab.records import changed
from tests.lab.report.reports import lines_of, restart_lines, text_of
from tests.lab.runs import SERVERS, plain

from long_lived.record.error_kind import ErrorKind


def test_account_names_what_failed_and_how() -> None:
    """The report has planned, answered and failed by kind, and the cost of a connection."""
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


@pytest.mark.parametrize(
    ("settings", "values", "words"),
    [
        ((), {"retired": 0, "half_carried_by": 45}, "opens 90; the longest-lived"),
        ((), {"retired": 1234}, "opens 90; 1,234 retired by the client; the longest-lived"),
        (
            ("client.connections=shared",),
            {"half_carried_by": 7},
            "opens 90; the busiest 7 carried half of the answers; the longest-lived",
        ),
    ],
    ids=["neither", "retired", "shared"],
)
def test_report_says_what_the_client_retired_and_what_users_share(
    settings: tuple[str, ...], values: dict[str, int], words: str
) -> None:
    """These lines appear only where they apply."""
    made = plain(dict.fromkeys(SERVERS, 30), *settings)
    told = {f"connections__{name}": value for name, value in values.items()}
    assert words in text_of(lines_of(changed(made, **told), [*SERVERS]))


def test_oldest_connection_is_named_with_its_replica() -> None:
    """The report gives the age of the longest-lived connection, and its replica."""
    text = " ".join(" ".join(restart_lines()).split())
    assert "the longest-lived reached 30 s, to server-a" in text


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
    """A repaired worker must not be mistaken for gunicorn's own."""
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
