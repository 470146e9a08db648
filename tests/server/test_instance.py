"""Which start of a replica gave an answer."""

import re
import signal

from tests.waiting import eventually

from .replicas import QUICK, Start, ask
from .variants import (
    ALL,
    FLASK,
    GEVENT,
    GO,
    GTHREAD,
    STOCK_GEVENT,
    STOCK_GTHREAD,
    STOCK_SYNC,
    SYNC,
    Shared,
    Variant,
    each,
    side_by_side,
)

JSON = {"Accept": "application/json"}


@each(ALL)
def test_answer_and_counts_name_one_instance(variant: Variant, quick: Shared) -> None:
    """Answers and /stats have 16 hex digits that stay while the process serves."""
    replica = quick(variant)
    named = [replica.get("/", **JSON).json["instance"] for _ in range(3)]
    assert re.fullmatch(r"[0-9a-f]{16}", named[0])
    assert {*named, replica.stats()["instance"]} == {named[0]}


@each(ALL)
def test_uptime_grows_and_has_six_digits(variant: Variant, quick: Shared) -> None:
    """Answers and /stats have the seconds since the instance started, to the microsecond."""
    replica = quick(variant)
    texts = [replica.get("/", **JSON).text, replica.get("/stats").text]
    texts.append(replica.get("/", **JSON).text)
    shown = [re.search(r'"uptime_seconds":(\d+\.\d{1,6})[,}]', text)[1] for text in texts]
    seconds = [float(one) for one in shown]
    assert seconds == sorted(set(seconds))
    assert seconds[0] > 0


@side_by_side([FLASK, GTHREAD, GO])
def test_replica_that_restarts_in_place_is_another_instance(variant: Variant, start: Start) -> None:
    """A container that restarts in place keeps its pod's name; its instance is new."""
    answers = []
    for _ in range(2):
        replica = start(*variant.settings, *QUICK, POD_ID="same")
        answers.append(replica.get("/", **JSON).json)
        replica.signal(signal.SIGTERM)
        replica.wait()
    assert [answer["pod"] for answer in answers] == ["same", "same"]
    assert answers[0]["instance"] != answers[1]["instance"]


@side_by_side([GTHREAD, GEVENT, SYNC, STOCK_GTHREAD, STOCK_GEVENT, STOCK_SYNC])
def test_hup_of_the_master_begins_an_instance(variant: Variant, start: Start) -> None:
    """gunicorn replaces its worker: connections are reopened, and answers say so."""
    replica = start(*variant.settings, *QUICK, "server.gracefulTimeoutSeconds=10")
    connection = replica.connect()
    old = ask(connection, "/", **JSON).json
    replica.signal(signal.SIGHUP)
    eventually(lambda: replica.log.count("Serving pod=") == 2)
    connection.close()
    eventually(lambda: f" instance={old['instance']}\n" in replica.log)
    new = replica.get("/", **JSON).json
    stats = replica.stats()
    assert new["pod"] == old["pod"]
    assert new["instance"] != old["instance"]
    assert stats["instance"] == new["instance"]
    assert (stats["answered"], stats["connections"]) == (1, 1)
    assert new["connection"]["number"] == 1
    replica.signal(signal.SIGTERM)
    assert replica.wait() == 0
    assert re.findall(r"Stopped pod=\S+ .* instance=(\w+)$", replica.log, re.MULTILINE) == [
        old["instance"],
        new["instance"],
    ]
