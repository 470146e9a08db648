"""What a cluster's events explain; nothing depends on them."""

import json
from typing import Any

import pytest
from tests.lab.cluster.fake_kubectl import FakeKubectl

from long_lived.lab.cluster.kubernetes_events import KubernetesEvents

NOON = 1_795_608_000.0
KILLING = "Container server failed liveness probe, will be restarted"


def recorded(answer: str | None) -> KubernetesEvents:
    """Look at the events in kubectl's answer."""
    return KubernetesEvents(FakeKubectl(answer))  # type: ignore[arg-type]


def event(message: str, reason: str = "Killing", **times: Any) -> dict[str, Any]:
    """Make an event, by default of noon."""
    metadata = {"creationTimestamp": "2026-11-25T12:00:00Z"}
    return {"reason": reason, "message": message, "metadata": metadata, **times}


def listed(*events: dict[str, Any]) -> str:
    """Make the answer that lists events."""
    return json.dumps({"items": events})


AT_ONE = "2026-11-25T13:00:00Z"


@pytest.mark.parametrize(
    "times",
    [
        {"lastTimestamp": AT_ONE},
        {"lastTimestamp": None, "eventTime": "2026-11-25T13:00:00.123456Z"},
        {"lastTimestamp": None, "series": {"count": 2, "lastObservedTime": AT_ONE}},
    ],
    ids=["count", "time", "series"],
)
def test_newest_event_is_found_whoever_recorded_it(times: dict[str, Any]) -> None:
    """Old and new events keep their time in different fields."""
    found = recorded(listed(event("new\n one", **times), event("old")))
    assert found.newest("1", "type=Warning") == "Killing: new one"


@pytest.mark.parametrize("answer", [listed(), None], ids=["none", "forbidden"])
def test_events_that_cannot_be_read_explain_nothing(answer: str | None) -> None:
    """Nothing depends on them."""
    assert recorded(answer).newest("1", "type=Warning") == ""
    assert recorded(answer).failed_probe("1", NOON) == ""


@pytest.mark.parametrize(
    ("message", "ended", "probe"),
    [
        (KILLING, NOON + 30, "liveness"),
        (KILLING.replace("liveness", "startup"), NOON, "startup"),
        (KILLING, NOON - 2, ""),
        ("Stopping container server", NOON + 30, ""),
    ],
    ids=["liveness", "startup", "later-order", "stop"],
)
def test_probe_that_ended_a_container_is_named(message: str, ended: float, probe: str) -> None:
    """The kubelet orders the kill before the container ends."""
    assert recorded(listed(event(message))).failed_probe("1", ended) == probe
