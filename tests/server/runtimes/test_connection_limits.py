"""What ends a kept connection on the server's side: number of requests, and age."""

import shutil
import socket
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.server.replicas import BOUND_SECONDS, QUICK, Replica, Start, ask
from tests.server.variants import ALL, Variant, each, side_by_side

LIMITED = [one for one in ALL if "max_requests" in one.keep_alive.limits]
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\n\r\n"
JSON = {"Accept": "application/json"}
AT_ONCE, LATE = {"Long-Lived-Draw": "0"}, {"Long-Lived-Draw": "1"}

INSTANT = ("server.delay.minSeconds=0", "server.delay.maxSeconds=0")
EXACT = "server.keepAlive.jitterRatio=0"
TEN = "server.keepAlive.maxRequests=10"
HALF_A_SECOND = "server.keepAlive.maxAgeSeconds=0.5"


def carried_by(port: int, requests: int) -> list[int]:
    """Send a series of requests; return how many each connection carried.

    A connection may end only when an answer says so: any other end fails. After that
    answer the server must close it.
    """
    counts = []
    while requests:
        with socket.create_connection(("127.0.0.1", port), BOUND_SECONDS) as connection:
            counts.append(0)
            answers = connection.makefile("rb")
            while requests:
                connection.sendall(REQUEST)
                assert answers.readline() == b"HTTP/1.1 200 OK\r\n"
                headers = {}
                while (line := answers.readline()) != b"\r\n":
                    name, _, value = line.decode().strip().partition(": ")
                    headers[name.lower()] = value.lower()
                answers.read(int(headers["content-length"]))
                counts[-1] += 1
                requests -= 1
                if headers.get("connection", "keep-alive") == "close":
                    assert answers.read() == b""
                    break
    return counts


def carried_by_users(replica: Replica, users: int, each_sends: int) -> list[int]:
    """Do the same for several users at once; return all connections' counts but the last ones'."""
    with ThreadPoolExecutor(users) as pool:
        runs = [pool.submit(carried_by, replica.port, each_sends) for _ in range(users)]
    return [count for run in runs for count in run.result()[:-1]]


@side_by_side(LIMITED)
def test_answer_that_reaches_max_requests_is_the_last(variant: Variant, start: Start) -> None:
    """Without jitter each connection carries exactly that many, and no request is lost."""
    replica = start(*variant.settings, *INSTANT, TEN, EXACT)
    carried = carried_by_users(replica, users=8, each_sends=45)
    assert carried == [10] * (8 * 4)
    assert replica.stats()["answered"] == 8 * 45
    assert replica.stats()["connections"] == 8 * 5


@side_by_side(LIMITED)
def test_each_connection_draws_its_own_max_requests(variant: Variant, start: Start) -> None:
    """With a jitter of 0.2 connections carry 8 to 12 requests, and differ."""
    replica = start(*variant.settings, *INSTANT, TEN, "server.keepAlive.jitterRatio=0.2")
    carried = carried_by_users(replica, users=8, each_sends=45)
    assert set(carried) <= {8, 9, 10, 11, 12}
    assert len(set(carried)) >= 3


@side_by_side(LIMITED)
def test_age_is_judged_when_the_answer_is_sent(variant: Variant, start: Start) -> None:
    """A connection that is too old ends with its next answer: after a delay, or after silence."""
    delay = ("server.delay.minSeconds=0", "server.delay.maxSeconds=2")
    replica = start(*variant.settings, *delay, "server.keepAlive.maxAgeSeconds=2", EXACT)
    busy, silent = replica.connect(), replica.connect()
    for connection, path in ((busy, "/healthz"), (silent, "/")):
        answer = ask(connection, path, **AT_ONCE)
        assert answer.headers.get("Connection", "keep-alive") == "keep-alive"
    assert ask(busy, "/", **LATE).headers["Connection"] == "close"
    sock = silent.sock  # silent for those 2 seconds, and not closed
    answer = ask(silent, "/", **JSON, **AT_ONCE)
    assert answer.headers["Connection"] == "close"
    assert answer.json["connection"]["requests"] == 2
    assert sock.fileno() == -1


@each(LIMITED)
@pytest.mark.parametrize("limits", [(TEN,), (HALF_A_SECOND,)], ids=["requests", "age"])
def test_hey_loses_nothing(limits: Sequence[str], variant: Variant, start: Start) -> None:
    """Fifteen hundred requests of another project's client are all answered."""
    hey = shutil.which("hey")
    if hey is None:
        pytest.skip("hey is not installed: apt-get install hey")
    replica = start(*variant.settings, *QUICK, *limits)
    url = f"http://127.0.0.1:{replica.port}/"
    run = subprocess.run(
        [hey, "-n", "1500", "-c", "50", "-t", "30", url],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "[200]\t1500 responses" in run.stdout
    assert "Error distribution" not in run.stdout
    assert replica.stats()["answered"] == 1500
    if TEN in limits:
        assert replica.stats()["connections"] >= 1500 / 12


@pytest.mark.skipif(shutil.which("wrk") is None, reason="no wrk: apt-get install wrk")
@side_by_side(LIMITED)
def test_wrk_sees_no_socket_error(variant: Variant, start: Start) -> None:
    """Two seconds of requests go through without an error."""
    replica = start(*variant.settings, *INSTANT, TEN)
    run = subprocess.run(
        ["wrk", "-t", "1", "-c", "20", "-d", "2", f"http://127.0.0.1:{replica.port}/"],
        capture_output=True,
        text=True,
        timeout=BOUND_SECONDS,
        check=True,
    )
    assert "Socket errors" not in run.stdout, run.stdout
    assert "Non-2xx" not in run.stdout
    assert replica.stats()["answered"] > 20
