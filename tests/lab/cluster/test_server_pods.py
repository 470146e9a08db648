"""Following server pods through a run, above all restarts in place."""

from dataclasses import replace

import pytest
from tests.lab.cluster.pod import READY

from long_lived.lab.analysis.events.change import Change
from long_lived.lab.cluster.pods import Ending, Pod
from long_lived.lab.cluster.servers.server_pods import ServerPods

POD = replace(READY, name="a", ready_unix_seconds=10.0)
OUT_OF_MEMORY = Ending(100.0, 137, "OOMKilled")


class FakeEvents:
    """Events of a cluster where a probe failed, or none."""

    def __init__(self, probe: str = "") -> None:
        self.probe = probe
        self.asked: list[str] = []

    def failed_probe(self, uid: str, _ended: float) -> str:
        self.asked.append(uid)
        return self.probe


def following(probe: str = "") -> tuple[ServerPods, FakeEvents]:
    """Follow the pods of such a cluster."""
    events = FakeEvents(probe)
    return ServerPods(events), events  # type: ignore[arg-type]


def restarted(ending: Ending = OUT_OF_MEMORY, restarts: int = 1, ready: float | None = None) -> Pod:
    """Return the pod after a restart of its container."""
    return replace(POD, restarts=restarts, last_ending=ending, ready_unix_seconds=ready)


def test_restart_in_place_has_its_times_and_its_reason() -> None:
    """It stops with the container and is ready with the pod, on a clock 5 s ahead."""
    made, events = following()
    made.take([POD], 90.0, begun=True)
    made.take([restarted()], 101.0, begun=True)
    made.take([restarted(ready=107.0)], 108.0, begun=True)
    (found,) = made.restarted_in_place(50.0, 200.0)
    assert found.why == "OOMKilled (exit 137), restart 1"
    assert events.asked == []
    assert found.as_change(5.0) == Change(
        105.0, "a", 105.0, "a", 112.0, reason="OOMKilled (exit 137), restart 1"
    )


@pytest.mark.parametrize(
    ("ending", "probe", "reason"),
    [
        (Ending(100.0, 137, "Error"), "", "Error 137"),
        (Ending(100.0, 137, "Error"), "liveness", "liveness probe failed"),
        (Ending(100.0, 0, "Completed"), "", "Completed 0"),
        (Ending(100.0, 1, ""), "", "exit 1"),
    ],
    ids=["error", "liveness", "completed", "silent"],
)
def test_reason_is_what_the_cluster_knows(ending: Ending, probe: str, reason: str) -> None:
    """A bare exit status may have an event behind it; otherwise it is all there is."""
    made, events = following(probe)
    made.take([restarted(ending)], 101.0, begun=True)
    made.take([restarted(ending)], 103.0, begun=True)
    assert events.asked == []
    assert [one.reason for one in made.restarted_in_place(0.0, 200.0)] == [reason]
    assert events.asked == ["1"]


@pytest.mark.parametrize(
    ("first", "last", "count"),
    [(99.0, 200.0, 1), (100.5, 200.0, 1), (101.0, 200.0, 0), (50.0, 100.0, 0), (50.0, 100.1, 1)],
    ids=["within", "same-second", "before", "after", "just"],
)
def test_restart_counts_only_within_the_run(first: float, last: float, count: int) -> None:
    """The cluster truncates seconds: an end in the second of the start may be after it."""
    made, _ = following()
    made.take([restarted()], 101.0, begun=True)
    assert len(made.restarted_in_place(first, last)) == count


def test_each_restart_of_a_container_counts() -> None:
    """One that waits in a crash loop has ended, and is counted when it starts again."""
    made, _ = following()
    second = Ending(120.0, 137, "OOMKilled")
    made.take([restarted()], 101.0, begun=True)
    made.take([restarted(second, restarts=1)], 121.0, begun=True)
    made.take([restarted(second, restarts=2, ready=130.0)], 131.0, begun=True)
    found = made.restarted_in_place(0.0, 200.0)
    assert [(one.restart, one.ready_unix_seconds) for one in found] == [(1, None), (2, 130.0)]


def test_pod_that_the_lab_stops_does_not_restart_in_place() -> None:
    """A pod that is killed and then deleted is replaced by another pod."""
    made, _ = following()
    made.take([POD], 90.0, begun=True)
    made.stop(["a"], 99.0)
    made.take([restarted()], 101.0, begun=True)
    assert made.restarted_in_place(0.0, 200.0) == []


def test_deleted_pod_is_replaced_by_the_first_that_comes() -> None:
    """When it was deleted, when it was gone, when the other was ready: on the lab's clock."""
    made, _ = following()
    made.take([POD], 90.0, begun=True)
    made.stop(["a"], 99.0)
    leaving, other = replace(POD, leaving=True), replace(POD, name="b", ready_unix_seconds=None)
    made.take([leaving, other], 101.0, begun=True)
    assert (made.replicas, made.settled(), made.serving()) == (["a", "b"], False, [])
    made.take([replace(other, ready_unix_seconds=104.0)], 105.0, begun=True)
    assert made.changes == [Change(99.0, "a", 105.0, "b", 105.0)]
    assert made.settled()
    assert made.serving() == ["b"]


def test_crew_is_whoever_serves_when_the_run_begins() -> None:
    """Pods that come and go before do not belong to it."""
    made, _ = following()
    made.take([POD, replace(POD, name="old", leaving=True)], 1.0, begun=False)
    assert made.replicas == ["a"]
    made.take([replace(POD, name="b")], 2.0, begun=False)
    assert made.replicas == ["b"]


def test_crashed_pod_is_back_when_it_has_restarted_and_is_ready() -> None:
    """Its container ends before the cluster notices, so a ready pod may not have restarted yet."""
    made, _ = following()
    made.take([POD], 90.0, begun=True)
    made.crash(["a"], 100.0)
    for pod, now in ((POD, 101.0), (restarted(), 102.0)):
        made.take([pod], now, begun=True)
        assert not made.settled()
    made.take([restarted(ready=107.0)], 108.0, begun=True)
    assert made.changes == [Change(100.0, "a", 100.0, "a", 108.0)]
    assert made.settled()
    assert made.restarted_in_place(50.0, 200.0) == [], "the lab knows of it already"


def test_pods_of_a_scale_up_replace_nobody() -> None:
    """They are counted until all have come, and the change is over when they are ready."""
    made, _ = following()
    made.take([POD], 90.0, begun=True)
    made.expect(coming=2, going=0, now=100.0)
    new = [replace(POD, name=name, ready_unix_seconds=None) for name in "bc"]
    made.take([POD, new[0]], 101.0, begun=True)
    assert [(one.old, one.new) for one in made.changes] == [(None, "b"), (None, None)]
    made.take([POD, *new], 102.0, begun=True)
    made.take([POD, *(replace(one, ready_unix_seconds=103.0) for one in new)], 104.0, begun=True)
    assert [one.ready_unix_seconds for one in made.changes] == [104.0, 104.0]
    assert made.settled()


def test_pods_of_a_scale_down_are_those_that_the_cluster_chose() -> None:
    """Whichever pod leaves was chosen; the change is over when it is gone."""
    made, _ = following()
    pods = [replace(POD, name=name) for name in "abc"]
    made.take(pods, 90.0, begun=True)
    made.expect(coming=0, going=1, now=100.0)
    made.take([pods[0], replace(pods[1], leaving=True), pods[2]], 101.0, begun=True)
    assert not made.settled()
    made.take([pods[0], pods[2]], 103.0, begun=True)
    assert made.changes == [Change(101.0, "b", 103.0, for_good=True)]
    assert made.settled()


def test_pods_of_a_rollout_come_and_go() -> None:
    """Each arrival and each departure is a change of its own, and all have to be over."""
    made, _ = following()
    made.take([POD], 90.0, begun=True)
    made.expect(coming=1, going=1, now=100.0)
    new = replace(POD, name="b")
    made.take([POD, new], 101.0, begun=True)
    assert not made.settled()
    made.take([replace(POD, leaving=True), new], 102.0, begun=True)
    made.take([new], 103.0, begun=True)
    assert sorted((one.old or "", one.new or "") for one in made.changes) == [("", "b"), ("a", "")]
    assert made.settled()
