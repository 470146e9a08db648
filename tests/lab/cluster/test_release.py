"""What a release's objects say, as the API answers."""

import json
from typing import Any

import pytest
from tests.lab.runs import own_counts

from long_lived.lab.cluster.release import Job, Release
from long_lived.lab.experiment.backend import Trouble

NOON = 1_795_608_000.0
KILLING = "Container server failed liveness probe, will be restarted"


class FakeKubectl:
    """Answers every call with one text, or fails."""

    context = "here"

    def __init__(self, answer: str | None) -> None:
        self._answer = answer

    def call(self, *_: str) -> str:
        if self._answer is None:
            raise Trouble("kubectl: forbidden")
        return self._answer


def release(answer: str | None) -> Release:
    """Look at a release of which kubectl says this."""
    return Release(FakeKubectl(answer), "demo", "default")  # type: ignore[arg-type]


def event(message: str, reason: str = "Killing", **times: Any) -> dict[str, Any]:
    """Make an event of noon, or of other times."""
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
    """Events of before and of now keep their time in different fields."""
    found = release(listed(event("new\n one", **times), event("old")))
    assert found.newest_event("1", "type=Warning") == "Killing: new one"


@pytest.mark.parametrize("answer", [listed(), None], ids=["none", "forbidden"])
def test_events_that_are_not_to_be_had_explain_nothing(answer: str | None) -> None:
    """Nothing depends on them."""
    assert release(answer).newest_event("1", "type=Warning") == ""
    assert release(answer).failed_probe("1", NOON) == ""


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
def test_probe_for_which_a_container_ended_is_named(message: str, ended: float, probe: str) -> None:
    """The kubelet's order comes before the end."""
    assert release(listed(event(message))).failed_probe("1", ended) == probe


SECRETS = """2026-11-25T11:00:00Z 1 deployed
2026-11-25T12:00:00Z 2 failed
2026-11-25T13:00:00Z 3 deployed
"""


@pytest.mark.parametrize(
    ("answer", "created", "revision"),
    [
        (SECRETS, NOON + 1, "2"),
        (SECRETS, NOON, "2"),
        (SECRETS, NOON - 1, None),
        (SECRETS, NOON + 3600, None),
        (SECRETS, NOON - 7200, None),
        ("", NOON, None),
        ("2026-11-25T11:00:00Z 1", NOON, None),
        (None, NOON, None),
    ],
    ids=["failed", "same-second", "before", "after", "older", "no-helm", "unlabelled", "forbidden"],
)
def test_job_of_a_revision_that_failed_is_known(
    answer: str | None, created: float, revision: str | None
) -> None:
    """Helm's Secret of the revision was made before its Job, and says how it went."""
    job = Job("demo-client-2", "1", created, 1, finished=False)
    assert release(answer).failed_revision(job) == revision


@pytest.mark.parametrize("answer", ["<html>", "{}", "[]", '{"answered": "none"}'])
def test_counts_that_are_no_servers_are_trouble(answer: str) -> None:
    """Whatever answers on that port is not the server."""
    with pytest.raises(Trouble, match=r"/one:8000/proxy/stats does not say what a server has"):
        release(answer).counts(["one"], 8000)


def test_counts_are_told_by_pod() -> None:
    """Each pod is asked, and its answer has a type."""
    told = own_counts(3, {"": 3})
    answer = told.model_dump_json()
    assert release(answer).counts(["one", "two"], 8000) == {"one": told, "two": told}
