"""The summary of a client that left none, recovered from the lines of its log."""

from typing import Any

import pytest
from tests.lab.runs import LOAD_SECONDS, SERVERS, Run, restarted

from long_lived.lab.logs.recovery import recovered
from long_lived.record.error_kind import ErrorKind
from long_lived.record.summary import Requests, Summary

WHY = "client-1 was killed"


def recover(run: Run, lines: list[str]) -> Summary | None:
    """Recover the summary of a run from some of its lines."""
    return recovered(lines, run.settings, WHY)


@pytest.mark.parametrize(
    "given",
    [{}, {"heals": True}, {"lost": 4}, {"keeps": False}],
    ids=["pinned", "healed", "losses", "per-request"],
)
def test_lines_of_a_whole_log_give_the_account_of_its_summary(given: dict[str, Any]) -> None:
    """Answers, failures and connections are those that the client itself would report."""
    duration = f"client.durationSeconds={LOAD_SECONDS:g}"
    run, _ = restarted(duration, "client.concurrency=60", **given)
    *lines, _ = run.log()
    told, made = run.summary(), recover(run, lines)
    assert made is not None
    # A line has the service time, a little less than the time since the send.
    sending = told.requests.sending_seconds
    assert made.requests.sending_seconds == pytest.approx(sending, abs=0.5)
    assert made.requests == told.requests.model_copy(
        update={"sending_seconds": made.requests.sending_seconds}
    )
    assert made.problem == WHY
    for pod, count in told.pods.items():
        assert made.pods[pod].requests == count.requests
        assert made.pods[pod].connections_opened == count.connections_opened
    for series in ("answered", "failed", "failed_ended"):
        assert {key: sum(counts.values()) for key, counts in made.timeline.of(series).items()} == {
            key: sum(counts.values()) for key, counts in told.timeline.of(series).items()
        }


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_log_that_ends_anywhere_balances(kept: float) -> None:
    """Wherever a client was killed, planned = answered + failed, and no answer is invented."""
    run, _ = restarted("client.durationSeconds=30", "client.concurrency=60", lost=4)
    lines = run.log()
    part = lines[: int(kept * len(lines))]
    made = recover(run, part)
    assert made is not None
    requests = made.requests
    assert requests.planned == requests.answered + requests.failed
    assert requests.answered == sum(line.startswith("Response from Pod") for line in part)


def test_planned_requests_without_a_line_are_failed() -> None:
    """Where the settings give the number of requests, none of them disappears."""
    run = Run("client.concurrency=30")
    for index in range(20):
        run.connect(SERVERS[index % 3], 1.0)
    run.fail(ErrorKind.READ_TIMEOUT, 2.0, 3)
    started = [line for line in run.log() if line.startswith(("Started", "Re"))]
    for lines, failed in (
        (started, {"not_sent": 7, "read_timeout": 3}),
        (
            [*started, "Progress: 30 planned, 5 in flight, 20 answered, 3 failed"],
            {"interrupted": 5, "not_sent": 2, "read_timeout": 3},
        ),
    ):
        made = recover(run, lines)
        assert made is not None
        assert made.requests == Requests(
            planned=30,
            sent=20 + sum(failed.values()) - failed["not_sent"],
            sending_seconds=made.requests.sending_seconds,
            answered=20,
            failed=10,
            failed_by_kind=failed,
        )


def test_log_of_a_client_that_never_started_gives_nothing() -> None:
    """Before the clock starts there is nothing to account for."""
    run = Run()
    run.connect("server-a", 1.0)
    lines = [line for line in run.log() if not line.startswith("Started")]
    assert recover(run, lines) is None
    assert recover(run, []) is None
