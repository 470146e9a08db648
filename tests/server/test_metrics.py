"""The live metrics of a replica: the same in every runtime, whatever its threads are busy with."""

import socket
import threading

from tests.scraping import scrape
from tests.sockets import free_port
from tests.waiting import eventually

from .replicas import Start, ask, refusal
from .variants import FLASK, GEVENT, GO, GTHREAD, SYNC, Variant, side_by_side

LONG = ("server.delay.minSeconds=0", "server.delay.maxSeconds=600", "server.gunicorn.threads=1")
AT_ONCE, NEVER = {"Long-Lived-Draw": "0"}, {"Long-Lived-Draw": "1"}
CLOSED = "long_lived_connections_closed_total"


def metered(start: Start, variant: Variant, *settings: str):
    """Start a replica with metrics; return it and the port of these."""
    port = free_port()
    metrics = ("metrics.enabled=true", f"metrics.port={port}")
    flags = ("--metrics-address", "127.0.0.1")
    return start(*variant.settings, *LONG, *metrics, *settings, flags=flags, POD_ID="Pod_1"), port


@side_by_side([FLASK, GTHREAD, GEVENT, SYNC, GO])
def test_metrics_are_the_counts_and_answer_while_all_threads_are_busy(
    variant: Variant, start: Start
) -> None:
    """They fit /stats, and have the names, types, texts and labels of the definition."""
    replica, port = metered(start, variant)
    connection = replica.connect()
    for _ in range(2):
        assert ask(connection, **AT_ONCE).status == 200
    connection.close()
    stats = replica.stats()
    busy = replica.connect()
    busy.request("GET", "/", headers=NEVER)
    seen = eventually(
        lambda: (now := scrape(port)).value("long_lived_requests_in_flight") == 1 and now
    )
    seen.check_definition("server")
    assert seen.values("long_lived_requests_answered_total", "replica") == {"Pod_1": 2}
    assert stats["answered"] == 2
    opened = 2 if variant.keeps else 3
    assert seen.value("long_lived_connections_opened_total") == opened
    closed = {"peer": 1} if variant.keeps else {"answered": 2}
    seen = eventually(lambda: +(now := scrape(port)).values(CLOSED, "reason") == closed and now)
    assert seen.value("long_lived_connections_open") == 1
    assert seen.value("long_lived_connection_oldest_age_seconds") > 0
    assert seen.value("long_lived_connection_requests_sum") == 2
    assert seen.value("long_lived_connection_age_seconds_count") == opened - 1
    assert seen.value("long_lived_connection_age_seconds_bucket", le="+Inf") == opened - 1


@side_by_side([GTHREAD, GEVENT, GO])
def test_metrics_tell_why_connections_closed(variant: Variant, start: Start) -> None:
    """At their limit, silent for too long, by the client's wish, or by the client."""
    limits = ("maxRequests=3", "jitterRatio=0", "idleTimeoutSeconds=3")
    replica, port = metered(start, variant, *(f"server.keepAlive.{limit}" for limit in limits))
    for requests in (3, 1):
        connection = replica.connect()
        for _ in range(requests):
            ask(connection, **AT_ONCE)
    left = replica.connect()
    ask(left, **AT_ONCE)
    left.close()
    replica.get("/", **AT_ONCE, Connection="close")
    eventually(
        lambda: (
            +scrape(port).values(CLOSED, "reason")
            == {"retired": 1, "idle": 1, "peer": 1, "answered": 1}
        )
    )


def test_scraper_that_says_nothing_holds_up_no_other(start: Start) -> None:
    """It is given up, and several may ask at once."""
    _, port = metered(start, FLASK)
    with socket.create_connection(("127.0.0.1", port)):
        scrapers = [threading.Thread(target=scrape, args=(port,)) for _ in range(3)]
        for one in scrapers:
            one.start()
        for one in scrapers:
            one.join()
        assert scrape(port).value("long_lived_requests_answered_total") == 0


def test_port_of_metrics_that_is_taken_is_refused() -> None:
    """Before the replica listens, in one line that names the setting."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = refusal(
            *("--bind", "127.0.0.1:0", "--metrics-address", "127.0.0.1"),
            *("--set", f"metrics.enabled=true,metrics.port={port}"),
        )
    assert line == (
        f"server: error: metrics.port: cannot listen on 127.0.0.1 port {port}: "
        "Address already in use"
    )
