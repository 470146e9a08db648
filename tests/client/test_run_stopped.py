"""Signals, readers that go away, servers that die: the account holds to the last line."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.waiting import eventually

from .programs import BOTH, ENGINES, FinishedRun

SIGNALS = pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143)],
    ids=["SIGINT", "SIGTERM"],
)

ENDLESS = ("client.durationSeconds=600", "client.concurrency=5")


@pytest.fixture
def refused_url() -> Iterator[str]:
    """Reserve a port at which nothing listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}/"


@pytest.mark.parametrize(
    ("number", "status", "engine"),
    [
        (signal.SIGINT, 130, "threads"),
        (signal.SIGTERM, 143, "threads"),
        (signal.SIGTERM, 143, "gevent"),
    ],
    ids=["SIGINT-threads", "SIGTERM-threads", "SIGTERM-gevent"],
)
def test_signal_ends_requests_in_flight(
    number: int, status: int, engine: str, slow_server, start_client
) -> None:
    """They are interrupted, later ones are not sent, and the summary is written."""
    client = start_client(
        slow_server.url,
        *("client.concurrency=5", "client.requestsPerUser=2", f"client.engine={engine}"),
        flags=("--progress-seconds", "0.1"),
    )
    eventually(lambda: "5 in flight" in client.errors)
    client.signal(number)
    run = client.finish()
    assert run.status == status
    run.check_account()
    assert run.summary["stopped_by"] == signal.Signals(number).name
    assert run.summary["requests"]["planned"] == 10
    assert run.summary["requests"]["failed_by_kind"] == {"interrupted": 5, "not_sent": 5}


def test_signal_amid_answers_keeps_the_account(keeping_server, start_client) -> None:
    """Answers before the signal are kept, and lines and summary agree."""
    client = start_client(keeping_server.url, *ENDLESS, "client.engine=gevent")
    eventually(lambda: client.output.count("Response from Pod") >= 10)
    run = client.stop()
    assert run.summary["requests"]["answered"] >= 10
    assert set(run.summary["requests"]["failed_by_kind"]) <= {"interrupted"}


def test_signal_while_connections_come_and_go_keeps_the_account(
    closing_server, start_client
) -> None:
    """Users that close connections while the summary is written do not disturb it."""
    client = start_client(
        closing_server.url, "client.durationSeconds=600", "client.concurrency=100"
    )
    eventually(lambda: client.output.count("Response from Pod") >= 200)
    client.signal(signal.SIGINT)
    run = client.finish()
    assert run.status == 130
    run.check_account()


@SIGNALS
def test_signal_in_the_wait_for_the_server_writes_the_summary(
    number: int, status: int, refused_url: str, start_client
) -> None:
    """A client that still waits for its server has sent nothing, and says so."""
    client = start_client(refused_url, "client.concurrency=5")
    eventually(lambda: "Waiting: " in client.errors)
    client.signal(number)
    run = client.finish()
    assert run.status == status
    run.check_account()
    assert run.summary["requests"]["failed_by_kind"] == {"not_sent": 5}
    assert run.summary["load_seconds"] == 0
    assert run.summary["pods"] == {}


def test_server_that_never_comes_fails_the_run(refused_url: str, run_client) -> None:
    """When the wait is over the run has failed, with the reason in the summary."""
    run = run_client(refused_url, "client.readiness.timeoutSeconds=0.2", "client.concurrency=5")
    assert run.status == 1
    run.check_account()
    assert run.summary["problem"].startswith(
        "not ready within client.readiness.timeoutSeconds = 0.2: "
    )
    assert run.summary["requests"]["failed_by_kind"] == {"not_sent": 5}


@pytest.fixture
def unread() -> Iterator[int]:
    """Fill a pipe that nobody reads; yield the end to write to."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    try:
        while True:
            os.write(writing, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(writing, True)
    yield writing
    os.close(reading)
    os.close(writing)


@contextmanager
def writing_to(
    out: int, errors: Path, *settings: str, program: Sequence[str] = ("-m", "long_lived.client")
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a client whose standard output is `out`; it ends with the block."""
    with errors.open("w") as stream:
        process = subprocess.Popen(
            [sys.executable, *program, *(x for pair in settings for x in ("--set", pair))],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=stream,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait(30)


def test_second_signal_ends_at_once(refused_url: str, tmp_path, unread: int) -> None:
    """A client that cannot write its summary, since nobody reads, ends at the second signal."""
    errors = tmp_path / "errors"
    with writing_to(unread, errors, f"client.url={refused_url}") as process:
        eventually(lambda: "Waiting: " in errors.read_text())
        process.send_signal(signal.SIGTERM)
        eventually(lambda: "Progress: " in errors.read_text())
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
    assert "Traceback" not in errors.read_text()


@ENGINES
def test_signal_ends_a_client_whose_output_nobody_reads(
    engine: str, keeping_server, tmp_path, unread: int
) -> None:
    """A user stuck in writing its line blocks the others, but not the end of the run."""
    errors = tmp_path / "errors"
    settings = (f"client.url={keeping_server.url}", f"client.engine={engine}", *ENDLESS)
    before = keeping_server.stats()["answered"]
    with writing_to(unread, errors, *settings, "client.rampUpSeconds=0") as process:
        eventually(lambda: keeping_server.stats()["answered"] > before)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 143
    assert "client: error: standard output was closed or not read: the summary is lost" in (
        errors.read_text()
    )
    assert "Traceback" not in errors.read_text()


DEFECT = """
from long_lived.client.engines.loop.exchanges import Exchanges
from long_lived.client.users import pacing
from long_lived.client.__main__ import main
def fail(*_): raise LookupError("not there")
{function} = fail
main()
"""


@pytest.mark.parametrize(
    ("engine", "function", "answered"),
    [("threads", "pacing.think_seconds", 5), ("asyncio", "Exchanges._land", 0)],
)
def test_defect_of_the_client_is_counted_and_reported(
    engine: str, function: str, answered: int, keeping_server, tmp_path
) -> None:
    """An exception in the middle fails what it breaks, and the run; nobody waits for an answer."""
    out, errors = tmp_path / "out", tmp_path / "errors"
    settings = (
        *(f"client.url={keeping_server.url}", f"client.engine={engine}"),
        *("client.concurrency=5", "client.requestsPerUser=3", "client.rampUpSeconds=0"),
        *("client.thinkTime.minSeconds=0", "client.thinkTime.maxSeconds=0"),
    )
    with out.open("w") as stream:
        given = {"program": ("-c", DEFECT.format(function=function))}
        with writing_to(stream.fileno(), errors, *settings, **given) as process:
            assert process.wait(30) == 1
    run = FinishedRun(1, out.read_text().splitlines(), "")
    run.check_account()
    broken = 15 - answered
    assert run.summary["requests"]["answered"] == answered
    assert run.summary["requests"]["failed_by_kind"] == {"client_error": broken}
    assert run.summary["problem"] == (
        f"{broken} requests failed by a defect of the client: its log has the traceback"
    )
    assert errors.read_text().count("Traceback") == 1
    assert errors.read_text().count("LookupError: not there") == 1


def test_reader_that_goes_away_ends_the_run(keeping_server) -> None:
    """`| head -1` gets its line; the client ends without a traceback, and not with success."""
    command = (
        f"{sys.executable} -m long_lived.client --set client.url={keeping_server.url}"
        f" --set client.rampUpSeconds=0,{','.join(ENDLESS)}"
        " --set client.thinkTime.minSeconds=0,client.thinkTime.maxSeconds=0.02"
        " | head -1; exit ${PIPESTATUS[0]}"
    )
    run = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, timeout=30, check=False
    )
    assert run.returncode == 1
    (line,) = run.stdout.splitlines()
    assert line.startswith("Response from Pod keeper-1 after ")
    assert "Traceback" not in run.stderr
    assert run.stderr.splitlines()[-1] == (
        "client: error: standard output was closed or not read: the summary is lost"
    )


def test_hard_file_limit_that_is_too_low_is_refused(refused_url: str, run_client) -> None:
    """Before it sends anything the client says which limit is too low, and by how much."""
    prefix = ("bash", "-c", 'ulimit -n 300 && exec "$@"', "bash")
    run = run_client(refused_url, "client.concurrency=1000", prefix=prefix)
    assert run.status == 2
    assert run.lines == []
    (line,) = run.errors.splitlines()
    assert line.startswith("client: error: open files: 1064 are needed, the hard limit is 300 (")


def test_soft_file_limit_that_is_too_low_is_raised(keeping_server, run_client) -> None:
    """A soft limit that is too low does not prevent the run."""
    prefix = ("bash", "-c", 'ulimit -Sn 40 && exec "$@"', "bash")
    run = run_client(keeping_server.url, "client.concurrency=60", prefix=prefix)
    assert run.status == 0
    run.check_account()
    assert run.summary["requests"]["answered"] == 60


@BOTH
def test_server_that_dies_is_counted_and_ends_the_run(
    engine: str, start_server, start_client
) -> None:
    """Requests in flight are lost and later ones refused; all are counted, and the run ends."""
    server = start_server(
        "server.runtime=gunicorn", "server.delay.minSeconds=0.2", "server.delay.maxSeconds=0.3"
    )
    client = start_client(
        server.url,
        *("client.concurrency=8", "client.requestsPerUser=20", f"client.engine={engine}"),
    )
    eventually(lambda: client.output.count("Response from Pod") >= 8)
    os.killpg(server.process.pid, signal.SIGKILL)
    run = client.finish()
    assert run.status == 0
    run.check_account()
    requests = run.summary["requests"]
    assert requests["planned"] == 160
    assert set(requests["failed_by_kind"]) == {"connection_lost", "connect_refused"}
    assert run.summary["connections"]["open"] == 0
