"""A real client against real servers: lines, summary and the servers' own counts agree."""

import re
import subprocess
from collections import Counter
from typing import Any

from tests.waiting import eventually

from .programs import ENGINES

LINE = re.compile(
    r"Response from Pod (?P<pod>\S+) after \d+\.\d{3} s connection=(?P<connection>\d+) "
    r"new=(?P<new>yes|no) service=\d+\.\d{3} at=\d+\.\d{3}"
)

SEED_PIPELINE = (
    """grep "Response from Pod" | awk -F"Pod " '{print $2}' | cut -d' ' -f1 | sort | uniq -c"""
)
"""Taken word for word from the seed."""


def six(*settings: str) -> tuple[str, ...]:
    """Make six users with three requests each."""
    return ("client.concurrency=6", "client.requestsPerUser=3", *settings)


def answers(run) -> list[dict[str, Any]]:
    """Read the lines of answered requests."""
    matches = [LINE.fullmatch(line) for line in run.answers]
    assert all(matches), run.answers
    return [match.groupdict() for match in matches if match]


def counted(server, run_it) -> tuple[Any, Counter[str]]:
    """Run a client, and return how much the server's own counts grew."""
    before = server.stats()
    run = run_it()
    after = server.stats()
    names = ("answered", "connections", "in_flight")
    return run, Counter({name: after[name] - before[name] for name in names})


def seed_table(lines: list[str]) -> dict[str, int]:
    """Count answers as the seed does."""
    piped = subprocess.run(
        ["bash", "-c", SEED_PIPELINE],
        input="\n".join([*lines, ""]),
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return {name: int(count) for count, name in map(str.split, piped.stdout.splitlines())}


@ENGINES
def test_persistent_connections_are_kept(engine: str, keeping_server, run_client) -> None:
    """With keep-alive on both sides each user opens exactly one connection."""
    settings, flags = six(f"client.engine={engine}"), ("--progress-seconds", "0")
    run, grown = counted(
        keeping_server, lambda: run_client(keeping_server.url, *settings, flags=flags)
    )
    run.check_account()
    summary, lines = run.summary, answers(run)
    assert run.status == 0
    requests = summary["requests"]
    assert (requests["planned"], requests["sent"], requests["answered"]) == (18, 18, 18)
    assert (requests["failed"], requests["failed_by_kind"]) == (0, {})
    assert summary["pods"]["keeper-1"]["requests"] == 18
    assert summary["pods"]["keeper-1"]["connections_opened"] == 6
    assert summary["pods"]["keeper-1"]["connections_open"] == 6
    assert summary["connections"]["opened"] == summary["connections"]["perfect_keep_alive"] == 6
    assert summary["connections"]["most_requests_on_one"] == 3
    assert summary["connections"]["close_announced"] == 0
    assert Counter(line["connection"] for line in lines) == {str(n): 3 for n in range(1, 7)}
    assert [line["connection"] for line in lines if line["new"] == "yes"] == list(
        dict.fromkeys(line["connection"] for line in lines)
    )
    assert grown == {"answered": 18, "connections": 6, "in_flight": 0}
    assert seed_table(run.lines) == {"keeper-1": 18}
    reports = [line for line in run.errors.splitlines() if line.startswith("Progress: ")]
    assert reports == ["Progress: 18 planned, 0 in flight, 18 answered, 0 failed"]


@ENGINES
def test_connections_per_request_are_closed(engine: str, keeping_server, run_client) -> None:
    """In mode per-request every request opens its own connection."""
    settings = six(f"client.engine={engine}", "client.keepAlive.mode=per-request")
    run, grown = counted(keeping_server, lambda: run_client(keeping_server.url, *settings))
    run.check_account()
    summary = run.summary
    assert run.status == 0
    assert summary["connections"]["opened"] == 18
    assert summary["connections"]["open"] == 0
    assert summary["connections"]["most_requests_on_one"] == 1
    assert all(line["new"] == "yes" for line in answers(run))
    assert grown == {"answered": 18, "connections": 18, "in_flight": 0}


def test_self_check_notices_a_server_that_closes(closing_server, run_client) -> None:
    """The development server closes every connection, and the summary says so."""
    run, grown = counted(closing_server, lambda: run_client(closing_server.url, *six()))
    run.check_account()
    summary = run.summary
    assert run.status == 0
    assert summary["connections"]["opened"] == 18
    assert summary["connections"]["open"] == 0
    assert summary["connections"]["close_announced_ratio"] == 1
    assert sum(sum(counts.values()) for counts in summary["timeline"]["closed"].values()) == 18
    assert grown == {"answered": 18, "connections": 18, "in_flight": 0}


def test_shared_pool_opens_no_more_than_there_are_users(keeping_server, run_client) -> None:
    """A pool for all users reuses what is idle, and discards nothing."""
    run, grown = counted(
        keeping_server, lambda: run_client(keeping_server.url, *six("client.connections=shared"))
    )
    run.check_account()
    connections = run.summary["connections"]
    assert run.summary["requests"]["answered"] == 18
    assert connections["opened"] <= 6
    assert connections["open"] == connections["opened"] == grown["connections"]
    assert grown["answered"] == 18


def test_run_with_a_duration_sends_until_it_is_over(keeping_server, run_client) -> None:
    """With a duration requestsPerUser does not count, and every request sent is awaited."""
    settings = six("client.durationSeconds=0.8", "client.logResponses=false")
    run = run_client(keeping_server.url, *settings)
    run.check_account()
    summary = run.summary
    assert run.status == 0
    assert len(run.lines) == 1, "without logResponses the summary is the only line"
    assert summary["requests"]["planned"] == summary["requests"]["answered"] > 6
    assert summary["load_seconds"] >= 0.8
    assert summary["timeline"]["failed"] == {}


@ENGINES
def test_line_of_an_answer_is_there_while_the_client_waits(
    engine: str, keeping_server, start_client
) -> None:
    """Whoever follows the log sees an answer soon, not with the next hundred."""
    think = ("client.thinkTime.minSeconds=600", "client.thinkTime.maxSeconds=600")
    alone = ("client.concurrency=1", "client.durationSeconds=900", f"client.engine={engine}")
    client = start_client(keeping_server.url, *alone, *think)
    eventually(lambda: client.output.count("Response from Pod") == 1)
    client.stop()
