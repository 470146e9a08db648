"""What `long-lived run` finds when replicas are added, and when they crash and come back."""

from collections.abc import Iterator

import pytest
from tests.lab.commands.lab import LASTING, QUICK, Lab, check_phases, starter
from tests.waiting import eventually

LAG_SECONDS = 3.0
TICK_SECONDS = 0.5
"""How much shorter a lag may seem: by a bucket of the timeline, and a tick of the lab."""

RUNS = {
    "scale-up": ("client.keepAlive.mode=per-request", "client.thinkTime.maxSeconds=1"),
    "crash": ("server.runtime=gunicorn", "experiment.event.count=1"),
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Lab]]:
    """Carry out these events in parallel, since a run mostly waits; the tests end them."""
    with starter(tmp_path_factory.mktemp("events")) as begin:
        yield {
            kind: begin(
                "smoke",
                *(*QUICK, LASTING, *settings, "client.concurrency=40"),
                *(f"experiment.event.kind={kind}", "experiment.event.afterSeconds=2"),
                f"experiment.event.serviceLagSeconds={LAG_SECONDS}",
                "experiment.event.replacementSeconds=0.5",
            )
            for kind, settings in RUNS.items()
        }


def test_new_replicas_get_nothing_until_the_service_knows(runs: dict[str, Lab]) -> None:
    """With a connection per request, none reaches a new replica before the Service lag is over."""
    lab = runs["scale-up"]
    new = ["server-d", "server-e"]
    eventually(lambda: all(f"Response from Pod {name} " in lab.log() for name in new))
    lab.stop()
    lab.check_account()
    check_phases(lab.record)
    effect = lab.record["effect"]
    assert (effect["kind"], effect["stopped"]) == ("scale-up", [])
    assert sorted(effect["came"]) == new
    assert {one["replica"] for one in effect["service_lags"]} == set(new)
    for one in effect["service_lags"]:
        assert one["told"]
        assert one["seconds"] > LAG_SECONDS - TICK_SECONDS


def test_crashed_replica_is_another_instance_under_its_name(runs: dict[str, Lab]) -> None:
    """It is found as one restart in place, and its earlier counts are gone."""
    lab = runs["crash"]
    eventually(lambda: lab.log("server-c").count("Serving pod=server-c") == 2)
    lab.await_answers()
    lab.stop()
    lab.check_account()
    record = lab.record
    (one,) = record["events"]
    assert (one["old"], one["new"]) == ("server-c", "server-c")
    assert (record["effect"]["kind"], record["effect"]["came"]) == ("in place", ["server-c"])
    assert record["replicas"] == ["server-a", "server-b", "server-c"]
    assert record["effect"]["lost_by_replica"].keys() <= {"server-c"}
