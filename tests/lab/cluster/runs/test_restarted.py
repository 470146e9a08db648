"""Servers restarted during a run on a cluster: by the lab, by hand, in place, by a kill."""

import re
from pathlib import Path

from tests.cluster.api import CONTEXT
from tests.cluster.miniature import Miniature
from tests.cluster.place import SERVER, Place
from tests.lab.cluster.runs.lab import PINNED, QUICK, RESTART, Lab, sets
from tests.waiting import eventually


def test_run_on_cluster_restarts_in_the_middle(place: Place, lab: Lab) -> None:
    """One command installs, restarts two of three pods on the clients' clock, and judges."""
    status, output = lab.do(
        *("run", "events/restart", "--on", "cluster", "--out", str(lab.out)),
        *sets(*RESTART, PINNED, "serverPod.labels.team=blue"),
        namespace="elsewhere",
    )
    assert status == 0, output
    assert "pinned, as expected" in output
    record = lab.record
    phases = record["effect"]["phases"]
    assert [phase["name"] for phase in phases] == ["before", "during", "after"]
    assert 3 < phases[1]["start_seconds"] < 12
    answered = sum(row["answered"] for phase in phases for row in phase["rows"])
    assert answered == record["clients"]["requests"]["answered"]
    assert len(record["replicas"]) == 5
    pods = [pod for pod in place.cluster.all("Pod") if SERVER in pod["metadata"]["name"]]
    assert {pod["metadata"]["namespace"] for pod in pods} == {"elsewhere"}
    assert {pod["metadata"]["labels"]["team"] for pod in pods} == {"blue"}
    assert place.kubectl("config", "current-context").strip() == CONTEXT


def test_restart_by_hand_is_found_by_verify(place: Place, lab: Lab) -> None:
    """`restart` deletes all server pods but the oldest, and `verify` sees their replacements."""
    place.helm(
        "install",
        sets=(*QUICK, "server.runtime=gunicorn", "client.durationSeconds=45")
        + ("experiment.expect=pinned",),
    )
    place.await_answers()
    before = set(place.pods("server"))
    status, output = lab.do("restart")
    assert status == 0, output
    status, output = lab.verify()
    assert status == 0, output
    assert "pinned, as expected" in output
    changes = lab.record["events"]
    assert {one["old"] for one in changes} < before
    assert {one["new"] for one in changes} == set(place.pods("server")) - before
    assert len(changes) == 2


def test_clients_with_clocks_of_their_own_are_one_timeline(place: Place, lab: Lab) -> None:
    """What a client 20 s ahead did is counted when it happened, on the lab's clock."""
    place.cluster.mishaps.skewed = "client-1-1-", 20.0
    status, output = lab.do(
        *("run", "events/restart", "--on", "cluster", "--out", str(lab.out)),
        *sets(*RESTART, "client.parallelism=2", "client.concurrency=30"),
    )
    assert status == 0, output
    record = lab.record
    assert record["clients"]["load_seconds"] < 62  # 45, and 20 more if the clocks were mixed up
    assert 3 < record["effect"]["phases"][1]["start_seconds"] < 12
    assert 0 < record["clock_uncertainty_seconds"] < 10


IN_PLACE = (
    (Miniature.oom, "OOMKilled", r"OOMKilled \(exit 137\)"),
    (
        Miniature.fail_liveness,
        "liveness probe failed",
        r"liveness probe failed, Error \(exit 137\)",
    ),
    (Miniature.end, "Error 137", r"Error 137, Error \(exit 137\)"),
)


def test_restart_in_place_is_a_replacement_of_itself(place: Place, lab: Lab) -> None:
    """A container that restarts in its pod is found, with when and why; earlier ones are not."""
    place.helm(
        "install",
        sets=(*QUICK, "server.replicas=4", "server.runtime=gunicorn", "client.durationSeconds=12")
        + ("client.enabled=false",),
    )
    place.await_servers()
    early, *victims = sorted(place.pods("server"))
    place.cluster.oom(early)
    eventually(lambda: restarts(place, early) == 1)
    place.await_servers()
    place.helm("upgrade", "--reset-then-reuse-values", sets=("client.enabled=true",))
    place.await_answers(2)
    for victim, (mishap, _, _) in zip(victims, IN_PLACE, strict=True):
        mishap(place.cluster, victim)
    status, output = lab.verify()
    events = {one["old"]: one for one in lab.record["events"]}
    assert sorted(events) == victims, output
    for victim, (_, reason, words) in zip(victims, IN_PLACE, strict=True):
        one = events[victim]
        assert one["new"] == victim
        assert one["reason"].startswith(reason)
        assert one["began_unix_seconds"] <= one["ready_unix_seconds"]
        assert re.search(rf"{victim} restarted in place at [\d.]+ s: {words}, restart 1", output)
    assert status in (0, 1)


def restarts(place: Place, pod: str) -> int:
    """Count how often a pod's container has restarted."""
    status = place.cluster.get("Pod", pod)["status"]["containerStatuses"][0]
    return int(status["restartCount"])


KILL = (*RESTART, "server.port=8080", "experiment.event.kind=kill", "experiment.maxFailedRatio=1")
ALL_IN_FLIGHT = (
    *("server.delay.minSeconds=2", "server.delay.maxSeconds=4"),
    *("client.thinkTime.minSeconds=0", "client.thinkTime.maxSeconds=0"),
)


def test_kill_loses_the_requests_in_flight(place: Place, lab: Lab) -> None:
    """Nothing that a killed server had in flight gets an answer, as in a real crash."""
    status, output = lab.do(
        *("run", "events/restart", "--on", "cluster", "--out", str(lab.out)),
        *sets(*KILL, *ALL_IN_FLIGHT),
    )
    assert status == 0, output
    assert lab.record["clients"]["requests"]["failed_by_kind"]["connection_lost"] > 0
    assert "not killed" not in output
    assert len(lab.record["replicas"]) == 5


def test_kill_that_is_refused_says_what_happened_instead(place: Place, lab: Lab) -> None:
    """Without the right to exec the pods are deleted by force, which is not a kill."""
    place.cluster.mishaps.forbidden = "exec"
    status, output = lab.do(
        *("run", "events/restart", "--on", "cluster", "--out", str(lab.out)),
        *sets(*KILL),
    )
    assert status == 0, output
    assert output.count("not killed, but ended by SIGTERM and SIGKILL some 2 s later: ") == 2
    assert 'cannot create resource "pods/exec"' in output


def test_restart_by_hand_can_kill(place: Place, lab: Lab) -> None:
    """`restart --kill` leaves no server of the deleted pods alive."""
    place.helm("install", sets=(*QUICK, "client.enabled=false"))
    place.await_servers()
    processes = {name: place.cluster.process(name) for name in place.pods("server")}
    status, output = lab.do("restart", "--kill")
    assert status == 0, output
    assert "not killed" not in output
    kept = output.rpartition("kept: ")[2]
    alive = [name for name, process in processes.items() if Path(f"/proc/{process}").exists()]
    assert alive == [kept]
