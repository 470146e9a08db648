"""What every runtime answers: one contract, checked against each."""

import json
import re
import socket
import struct
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.server.replicas import Replica, ask, read
from tests.server.variants import ALL, Shared, Variant, each, side_by_side
from tests.waiting import eventually

from long_lived.server.delay import HEADER

CONCURRENT = [variant for variant in ALL if variant.concurrent]
KEEPING = [variant for variant in ALL if variant.keeps]
CLOSING = [variant for variant in ALL if not variant.keeps]

JSON = {"Accept": "application/json"}
SHORTEST = {HEADER: "0"}


def counted(replica: Replica) -> dict[str, object]:
    """Return the replica's own counts, without time and other tests' clients."""
    counts = replica.stats()
    del counts["uptime_seconds"], counts["cpu_seconds"]
    counts["answered_to"] = {"": counts["answered_to"].get("", 0)}
    return counts


@each(ALL)
def test_answer_as_text_names_the_pod_and_the_delay(variant: Variant, quick: Shared) -> None:
    """The plain answer is the seed's line."""
    answer = quick(variant).get("/")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    found = re.fullmatch(r"Response from Pod Pod_1 after (\d+\.\d{3}) s\n", answer.text)
    assert found
    assert 0 <= float(found[1]) < 5


@each(ALL)
def test_answer_as_json_describes_the_request_and_its_connection(
    variant: Variant, quick: Shared
) -> None:
    """It says what the replica knows of the request and its connection."""
    replica = quick(variant)
    before = replica.stats()["connections"]
    answer = replica.get("/", **JSON).json
    assert answer["pod"] == "Pod_1"
    assert answer["runtime"] == variant.runtime
    assert set(answer) == {
        *("pod", "runtime", "instance", "uptime_seconds", "delay_seconds"),
        *("in_flight", "connection"),
    }
    assert isinstance(answer["delay_seconds"], float)
    assert answer["in_flight"] == 1
    connection = answer["connection"]
    assert set(connection) == {"number", "age_seconds", "requests"}
    assert connection["number"] == before + 1
    assert connection["requests"] == 1
    assert connection["age_seconds"] >= answer["delay_seconds"]


@side_by_side(ALL)
def test_age_counts_from_the_opening_of_the_connection(variant: Variant, quick: Shared) -> None:
    """A connection ages from its opening, whenever its first request comes."""
    connection = quick(variant).connect()
    time.sleep(0.5)
    assert ask(connection, "/", **JSON).json["connection"]["age_seconds"] >= 0.4


@side_by_side(ALL)
def test_delay_is_as_long_as_the_client_draws(variant: Variant, slow: Shared) -> None:
    """It is slept and measured: 0 and 1/7,200 of an hour's range, which chance would not give."""
    replica = slow(variant)
    for draw, shortest, longest in (("0", 0.4, 30), ("0.000139", 0.9, 30), ("0.0", 0.4, 30)):
        answer = replica.get("/", **JSON, **{HEADER: draw}).json
        assert shortest <= answer["delay_seconds"] < longest


@each(ALL)
def test_invalid_draw_is_ignored(variant: Variant, quick: Shared) -> None:
    """The replica then draws itself, and answers as usual."""
    for draw in ("1000000", "-1", "1.5", "x", "", "1e5", "0,9", "nan"):
        answer = quick(variant).get("/", **JSON, **{HEADER: draw})
        assert answer.status == 200
        assert answer.json["delay_seconds"] < 30


@each(ALL)
@pytest.mark.parametrize(
    ("path", "text"),
    [("/healthz", "ok\n"), ("/readyz", "ready Pod_1\n")],
    ids=["health", "ready"],
)
def test_probe_answers_in_plain_text(path: str, text: str, variant: Variant, quick: Shared) -> None:
    """Probes answer at once, and readiness names the pod."""
    answer = quick(variant).get(path)
    assert (answer.status, answer.text) == (200, text)
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


@each(ALL)
@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/stats"])
def test_head_answers_as_get_without_a_body(path: str, variant: Variant, quick: Shared) -> None:
    """HEAD gives the headers of GET and no body."""
    replica = quick(variant)
    head, get = replica.get(path, "HEAD"), replica.get(path)
    assert (head.status, head.text) == (200, "")
    assert head.headers["Content-Type"] == get.headers["Content-Type"]


@each(ALL)
@pytest.mark.parametrize("path", ["/nothing", "/healthz/", "//stats/x", "/Stats", "/..", "/%2e"])
def test_unknown_path_is_not_found(path: str, variant: Variant, quick: Shared) -> None:
    """An unknown path is a 404 with a short text, never a redirect."""
    answer = quick(variant).get(path)
    assert (answer.status, answer.text) == (404, "404 Not Found\n")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


@each(ALL)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
@pytest.mark.parametrize("path", ["/", "/healthz", "/stats"])
def test_other_method_is_not_allowed(
    path: str, method: str, variant: Variant, quick: Shared
) -> None:
    """Any method but GET and HEAD is a 405 that says which are allowed."""
    answer = quick(variant).get(path, method)
    assert (answer.status, answer.text) == (405, "405 Method Not Allowed\n")
    assert answer.headers["Allow"] == "GET, HEAD"


@each(KEEPING)
def test_kept_connection_carries_requests_under_one_number(variant: Variant, quick: Shared) -> None:
    """On one socket the number stays, while the request count and the age grow."""
    replica = quick(variant)
    before = replica.stats()["connections"]
    connection = replica.connect()
    socket_before = connection.sock
    described = []
    for _ in range(4):
        answer = ask(connection, "/", **JSON)
        assert answer.headers.get("Connection", "keep-alive") == "keep-alive"
        described.append(answer.json["connection"])
        assert ask(connection, "/readyz").status == 200
    assert connection.sock is socket_before
    assert [one["number"] for one in described] == [before + 1] * 4
    assert [one["requests"] for one in described] == [1, 2, 3, 4]
    ages = [one["age_seconds"] for one in described]
    assert ages == sorted(set(ages))
    connection.close()


@each(CLOSING)
def test_closed_connection_carries_one_request(variant: Variant, quick: Shared) -> None:
    """Runtimes without keep-alive say so in every answer, and close."""
    replica = quick(variant)
    before = replica.stats()["connections"]
    described = []
    for _ in range(3):
        answer = replica.get("/", **JSON)
        assert answer.headers["Connection"] == "close"
        described.append(answer.json["connection"])
    assert [one["number"] for one in described] == [before + 1, before + 2, before + 3]
    assert [one["requests"] for one in described] == [1, 1, 1]


@each(ALL)
def test_client_that_asks_to_close_is_obeyed(variant: Variant, quick: Shared) -> None:
    """`Connection: close` in the request closes the connection after the answer."""
    connection = quick(variant).connect()
    sock = connection.sock
    assert ask(connection, "/", Connection="close").headers["Connection"] == "close"
    assert sock.fileno() == -1 or sock.recv(1) == b""
    connection.close()


@each(ALL)
def test_stats_agree_with_what_was_sent(variant: Variant, quick: Shared) -> None:
    """The replica's own counts match its clients' requests, without the probes."""
    replica = quick(variant)
    before = counted(replica)
    for path in ("/healthz", "/readyz", "/stats", "/nothing"):
        replica.get(path)
    assert counted(replica) == before
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: replica.get("/", **JSON).json, range(40)))
    connection = replica.connect()
    answers += [ask(connection, "/", **JSON).json for _ in range(3)] if variant.keeps else []
    connection.close()
    numbers = {answer["connection"]["number"] for answer in answers}
    opened = 41 if variant.keeps else 40
    first = before["connections"] + 1
    assert numbers == set(range(first, first + opened))
    assert counted(replica) == {
        "pod": "Pod_1",
        "runtime": variant.runtime,
        "instance": answers[0]["instance"],
        "balanced_at_random": None,
        "answered": before["answered"] + len(answers),
        "answered_to": {"": before["answered_to"].get("", 0) + len(answers)},
        "in_flight": 0,
        "connections": before["connections"] + opened,
    }


@side_by_side(CONCURRENT)
def test_requests_in_flight_are_counted_while_probes_answer(variant: Variant, slow: Shared) -> None:
    """Each request counts those before it, and probes do not wait for them."""
    replica = slow(variant)
    connections = [replica.connect() for _ in range(6)]
    before = replica.stats()["answered"]
    for connection in connections:
        connection.request("GET", "/", headers=JSON | SHORTEST)
    seen = {0}
    while replica.stats()["answered"] < before + 6:
        seen.add(replica.stats()["in_flight"])
        assert replica.get("/healthz").text == "ok\n"
    answers = [read(connection).json for connection in connections]
    assert sorted(answer["in_flight"] for answer in answers) == [1, 2, 3, 4, 5, 6]
    assert max(seen) > 1
    assert replica.stats()["in_flight"] == 0
    for connection in connections:
        connection.close()


@side_by_side(ALL)
def test_client_that_goes_away_leaves_no_traceback(variant: Variant, slow: Shared) -> None:
    """A client that closes or resets its connection while it waits disturbs nobody."""
    replica = slow(variant)
    before = replica.stats()["answered"]
    for hard in (False, True):
        connection = replica.connect()
        connection.request("GET", "/", headers=SHORTEST)
        if hard:
            connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    with replica.connect().sock as silent:
        silent.sendall(b"GET / HT")
    eventually(lambda: replica.stats()["in_flight"] == 0 and replica.stats()["answered"] > before)
    assert replica.get("/", **SHORTEST).status == 200
    assert "Traceback" not in replica.log
    assert "Error" not in replica.log


@each(ALL)
def test_log_holds_the_settings_and_no_line_per_request(variant: Variant, quick: Shared) -> None:
    """The log has the effective settings once, as JSON, and no requests."""
    replica = quick(variant)
    lines = len(replica.log.splitlines())
    for path in ("/", "/healthz", "/nothing"):
        replica.get(path)
    assert len(replica.log.splitlines()) == lines
    (settings,) = re.findall(r"Settings server=(.+)", replica.log)
    assert json.loads(settings)["runtime"] == variant.runtime
    served = f"Serving pod=Pod_1 runtime={variant.serving} on http://127.0.0.1:"
    assert served in replica.log
    assert "The kernel" not in replica.log, "its port is not shared"
    assert all(
        re.match(r"\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z [A-Z]+ ", line)
        for line in replica.log.splitlines()
    )


@each(ALL)
def test_replica_with_two_addresses_counts_them_as_one(variant: Variant, quick: Shared) -> None:
    """A replica serves every --bind, with one set of counts."""
    replica = quick(variant)
    assert [host for host, _ in replica.urls] == ["127.0.0.1", "127.0.1.7"]
    first = replica.stats()["connections"] + 1
    numbers = [
        replica.get("/", address=address, **JSON).json["connection"]["number"]
        for address in (0, 1, 0, 1)
    ]
    assert numbers == list(range(first, first + 4))
