"""Servers restarted on a cluster by the lab, in the middle of a run and by hand."""

from tests.cluster.api import CONTEXT
from tests.cluster.place import SERVER, Place
from tests.lab.cluster.runs.lab import EVENT, QUICK, Lab, sets
from tests.lab.processes.family import runs
from tests.waiting import eventually


def test_run_on_cluster_restarts_in_the_middle(place: Place, lab: Lab) -> None:
    """One command installs, restarts two of three pods on the clients' clock."""
    watching = lab.begin(
        *("run", "events/restart", "--on", "cluster", "--out", str(lab.out)),
        *sets(*EVENT, "serverPod.labels.team=blue"),
        namespace="elsewhere",
    )
    place.await_answers()
    before = set(place.pods("server"))
    eventually(lambda: len(set(place.pods("server")) - before) == 2)
    place.await_servers()
    eventually(lambda: len(place.cluster.all("Pod")) == 4)  # the client, and three servers
    place.await_look()
    lab.interrupt(watching)
    record = lab.record
    changes = {one["old"]: one["new"] for one in record["events"]}
    assert len(changes) == 2
    assert changes.keys() == before - place.pods("server").keys()
    assert set(changes.values()) == place.pods("server").keys() - before
    assert all(one["ready_unix_seconds"] for one in record["events"])
    phases = record["effect"]["phases"]
    assert [phase["name"] for phase in phases] == ["before", "during", "after"]
    assert phases[1]["start_seconds"] > 0  # due after 2, on clocks that agree within a second or so
    answered = sum(row["answered"] for phase in phases for row in phase["rows"])
    assert answered == record["clients"]["requests"]["answered"]
    pods = [pod for pod in place.cluster.all("Pod") if SERVER in pod["metadata"]["name"]]
    assert {pod["metadata"]["namespace"] for pod in pods} == {"elsewhere"}
    assert {pod["metadata"]["labels"]["team"] for pod in pods} == {"blue"}
    assert place.kubectl("config", "current-context").strip() == CONTEXT


def test_restart_by_hand_can_kill(place: Place, lab: Lab) -> None:
    """`restart --kill` leaves no server of the deleted pods alive."""
    place.helm("install", sets=(*QUICK, "client.enabled=false"))
    place.await_servers()
    processes = {name: place.cluster.process(name) for name in place.pods("server")}
    status, output = lab.do("restart", "--kill")
    assert status == 0, output
    assert "not killed" not in output
    kept = output.rpartition("kept: ")[2]
    # One that has been killed is there for a moment, as a zombie.
    eventually(lambda: [name for name, process in processes.items() if runs(process)] == [kept])
