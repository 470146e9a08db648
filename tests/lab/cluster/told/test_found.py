"""Which run, which pods and which containers the lab takes for its own."""

from typing import Any

import pytest
from tests.lab.cluster.told.conftest import Lab
from tests.lab.cluster.told.kubectl import CONTEXT, Told
from tests.lab.cluster.told.objects import (
    RUNNING,
    client,
    deployment,
    ended,
    job,
    server,
    servers,
)
from tests.lab.logs.saved_logs import balanced
from tests.lab.records import own_counts
from tests.lab.runs import CLIENT_ID, SERVERS

LATER = "2026-11-25T13:00:00Z"


def run(told: Told, *, each: int = 80, **of: Any) -> None:
    """Have a run that is over, in a release or an app of its own."""
    name = "-".join(["client", *of.values()])
    pod = client(name, ended(), of=name, **of)
    told.objects += [deployment(**of), job(name, **of), pod]
    told.objects += [server(f"{one}-{name}", **of) for one in SERVERS]
    replicas = tuple(f"{one}-{name}" for one in SERVERS)
    told.log(name, balanced(replicas=replicas, each=each))


@pytest.mark.parametrize("command", ["verify", "restart"])
def test_missing_release_is_one_line(command: str, told: Told, lab: Lab) -> None:
    """The line names what is missing, and where the lab looked."""
    status, output = lab.do(command, *(("--out", str(lab.out)) if command == "verify" else ()))
    assert status == 2
    assert "release demo" in output
    assert "in namespace default" in output
    assert not lab.out.exists()
    assert not told.called("delete")


def test_release_without_a_client_is_one_line(told: Told, lab: Lab) -> None:
    """A server alone has no run to verify."""
    told.objects = [deployment(), *servers()]
    status, output = lab.verify()
    assert status == 2
    assert f"demo in namespace default (context {CONTEXT}) has no client Job: start one" in output


def test_two_releases_in_a_namespace_are_verified_apart(told: Told, lab: Lab) -> None:
    """Each has its own pods, run and verdict, whatever the other does."""
    run(told, each=80, release="demo")
    run(told, each=90, release="other")
    for release, answers in (("demo", 240), ("other", 270)):
        status, output = lab.verify("--release", release)
        assert status == 0, output
        assert f"{answers} of {answers} planned" in output
        assert lab.record["replicas"] == [f"{one}-client-{release}" for one in SERVERS]


def test_each_of_two_labs_in_a_release_has_to_be_named(told: Told, lab: Lab) -> None:
    """Without --app the user has to choose; with it neither pods nor runs are mixed up."""
    run(told, each=80, app="load-test")
    run(told, each=90, app="second")
    for command in ("verify", "restart"):
        status, output = lab.do(command)
        assert status == 2
        assert "holds load-test, second: choose one with --app" in output
    for app, answers in (("load-test", 240), ("second", 270)):
        status, output = lab.verify("--app", app)
        assert status == 0, output
        assert f"{answers} of {answers} planned" in output
        assert lab.record["replicas"] == [f"{one}-client-{app}" for one in SERVERS]
    assert lab.do("restart", "--app", "second", "--keep", "0")[0] == 0
    ((_, *deleted, _),) = told.called("delete")
    assert deleted == [f"{one}-client-second" for one in SERVERS]


def test_only_lab_of_a_release_needs_no_name(told: Told, lab: Lab) -> None:
    """Another chart's server in the release is not taken for the lab's; a wrong name is refused."""
    run(told, app="load-test")
    told.objects.append(deployment(app="other", generation=""))
    status, output = lab.verify()
    assert status == 0, output
    status, output = lab.verify("--app", "other-name")
    assert status == 2
    assert "release demo with other-name is not in namespace default" in output


def test_newest_run_is_judged_alone(told: Told, lab: Lab) -> None:
    """However Jobs are named: neither clients nor servers of an earlier one are mixed up."""
    new = client("c-new", ended(), of="b-new")
    told.objects = [
        *(deployment(), job("a-old"), job("b-new", created=LATER), job("c-old")),
        *(new, client("c-old", ended(1), of="a-old")),
        *(*servers(), server("old", generation="earlier")),
    ]
    told.log("c-new", balanced())
    status, output = lab.verify()
    assert status == 0, output
    assert output.startswith("b-new: ")
    assert lab.record["replicas"] == list(SERVERS)


@pytest.mark.parametrize(("status", "named"), [("failed", True), ("deployed", False)])
def test_job_of_a_failed_upgrade_is_named(status: str, named: bool, told: Told, lab: Lab) -> None:
    """What a failed upgrade left running is the newest run, and the reader is told."""
    run(told)
    told.secrets = ["2026-11-25T11:00:00Z 1 deployed", f"2026-11-25T12:00:00Z 2 {status}"]
    _, output = lab.verify()
    assert ("client is from revision 2, whose helm upgrade failed" in output) == named


@pytest.mark.parametrize("name", ["aa-before", "zz-behind"])
def test_sidecar_that_lives_on_keeps_no_run_going(name: str, told: Told, lab: Lab) -> None:
    """Only the chart's own containers are followed, and their end is the run's."""
    run(told)
    sidecar = {"name": name, "state": RUNNING, "ready": True, "restartCount": 0, "lastState": {}}
    for pod in (one for one in told.objects if one["kind"] == "Pod"):
        statuses = pod["status"]["containerStatuses"]
        statuses.insert(0 if name < "b" else 1, sidecar)
        told.log(pod["metadata"]["name"], ["noise"], container=name)
    status, output = lab.verify()
    assert status == 0, output
    assert "240 of 240 planned" in output
    assert lab.record["problems"] == []


def counts_path(pod: str) -> str:
    """Return where the API has what a server counted."""
    return f"/api/v1/namespaces/default/pods/{pod}:8000/proxy/stats"


def test_servers_own_counts_are_compared(told: Told, lab: Lab) -> None:
    """Each ready server is asked through the API."""
    run(told)
    counted = own_counts(80, {CLIENT_ID: 80}).model_dump_json()
    told.stats = {counts_path(f"{one}-client"): counted for one in SERVERS}
    status, output = lab.verify()
    assert status == 0, output
    assert lab.record["server_counts"].keys() == {f"{one}-client" for one in SERVERS}


def test_servers_own_counts_that_are_refused_are_missed_once(told: Told, lab: Lab) -> None:
    """Without the right to ask there are none, and the verdict stands."""
    run(told)
    told.refused["proxy"] = 'pods "a" is forbidden: User "jane" cannot get resource "pods/proxy"'
    status, output = lab.verify()
    assert status == 0, output
    assert lab.record["server_counts"] == {}
    assert output.count("the servers' own counts are missing") == 1
    assert 'cannot get resource "pods/proxy"' in output


def test_replicas_of_an_autoscaler_are_learnt_from_the_pods(told: Told, lab: Lab) -> None:
    """Where the values have no number, all the pods that exist are waited for and judged."""
    told.values = "server: {replicas: null}"
    pods = ("one", "two")
    told.objects = [deployment(replicas=2), job(), client("c"), *servers(("one",))]
    told.objects.append(server("two", ready=False))
    done = [deployment(replicas=2), job(), client("c", ended()), *servers(pods)]
    told.later = [done]
    # The client says what it plans after the first look: then nobody is waited for any more.
    lines = balanced("server.replicas=null", replicas=pods)
    looks = [lambda: told.log("c", ()), lambda: told.log("c", lines)]
    told.at_look = lambda: looks.pop(0)() if looks else None
    status, output = lab.verify()
    assert status == 0, output
    assert "waiting for pods: 1 of 2 servers are ready, 1 of 1 clients have started" in output
    assert lab.record["replicas"] == [*pods]


def test_restart_deletes_all_but_the_oldest(told: Told, lab: Lab) -> None:
    """Those of the current generation; one that leaves already is left alone."""
    told.objects = [deployment(), *servers(), server("old", generation="earlier")]
    leaving = server("leaving")
    leaving["metadata"]["deletionTimestamp"] = LATER
    told.objects += [leaving]
    told.objects[2]["metadata"]["creationTimestamp"] = "2026-11-24T12:00:00Z"
    status, output = lab.do("restart")
    assert status == 0, output
    assert told.called("delete") == [("pod", "server-a", "server-c", "--wait=false")]
    assert output == "deleted: server-a, server-c; kept: server-b"
    assert lab.do("restart", "--keep", "3")[0] == 2
