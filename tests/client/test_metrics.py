"""The live metrics of a client: its account, while the run goes on."""

import socket

import pytest
from tests.scraping import Scrape, scrape, serving
from tests.sockets import free_port
from tests.waiting import eventually

from .programs import BOTH, ENGINES

HERE = ("--metrics-address", "127.0.0.1")
ENDLESS = ("client.durationSeconds=600", "client.concurrency=10", "server.replicas=1")


def metrics(port: int) -> tuple[str, str]:
    """Ask for metrics at a port."""
    return "metrics.enabled=true", f"metrics.port={port}"


@ENGINES
def test_metrics_are_the_account(engine: str, keeping_server, start_client) -> None:
    """What is told while the run goes on fits together, and what its summary says in the end."""
    port = free_port()
    client = start_client(
        keeping_server.url,
        *(*ENDLESS, f"client.engine={engine}", *metrics(port)),
        *("client.keepAlive.mode=recycle", "client.keepAlive.maxRequests=2"),
        *("client.keepAlive.jitterRatio=0", "client.requestsPerUser=1000000"),
        flags=HERE,
    )
    eventually(lambda: serving(port))

    def settled() -> Scrape | None:
        seen = scrape(port)
        return seen if seen.value("long_lived_connection_requests_count") >= 10 else None

    seen = eventually(settled)
    seen.check_definition("client")
    closed = +seen.values("long_lived_connections_closed_total", "reason")
    carried = seen.value("long_lived_connection_requests_sum")
    answered = seen.value("long_lived_requests_answered_total", replica="keeper-1")
    assert set(closed) == {"retired"}
    assert (
        carried == 2 * closed.total() == 2 * seen.value("long_lived_connection_age_seconds_count")
    )
    assert answered >= carried
    assert 0 <= seen.value("long_lived_requests_in_flight") <= 10
    assert 0 <= seen.value("long_lived_connections_open") <= 10
    assert seen.value("long_lived_requests_failed_total") == 0
    eventually(lambda: scrape(port).value("long_lived_evenness_ratio") == 1)
    run = client.stop()
    assert run.summary["requests"]["answered"] >= answered
    assert run.summary["connections"]["retired"] >= closed.total()


@BOTH
def test_metrics_tell_of_failures_by_kind(engine: str, scripted, start_client) -> None:
    """A server that closes without an answer fails requests, and the connections with them."""
    port, server = free_port(), scripted(_hangs_up)
    client = start_client(
        f"http://127.0.0.1:{server}/",
        *(*ENDLESS, f"client.engine={engine}", *metrics(port)),
        "client.requestsPerUser=1000000",
        flags=HERE,
    )
    eventually(lambda: serving(port))
    kinds = {"connection_lost"}

    def settled() -> bool:
        seen = scrape(port)
        failed = +seen.values("long_lived_requests_failed_total", "kind")
        closed = +seen.values("long_lived_connections_closed_total", "reason")
        return set(failed) == kinds and set(closed) == {"failed"}

    eventually(settled)
    client.stop()


def _hangs_up(peer: socket.socket) -> None:
    """Be ready, and answer nothing else."""
    if b"readyz" in peer.recv(4096):
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\nConnection: close\r\n\r\nready a\n")


@pytest.mark.parametrize("address", ["127.0.0.1", ""])
def test_port_of_metrics_that_is_taken_is_refused(address: str, run_client) -> None:
    """Before anything is sent, in one line, with exit status 2."""
    with socket.create_server((address or "0.0.0.0", 0)) as taken:
        port = taken.getsockname()[1]
        flags = ("--metrics-address", address) if address else ()
        run = run_client("http://127.0.0.1:9/", *metrics(port), flags=flags)
    assert run.status == 2
    where = f"{address} port {port}" if address else f"port {port}"
    assert run.errors == (
        f"client: error: metrics.port: cannot listen on {where}: Address already in use\n"
    )
