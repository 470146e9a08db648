"""The miniature cluster, as the real helm and kubectl see it."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.chart.conftest import CHART, command
from tests.waiting import eventually

from long_lived.lab.cluster.kill import KILLED, kill_command

from .api import CONTEXT
from .kinds import Object
from .miniature import running
from .place import BOUND_SECONDS, JOB, SERVER, Place
from .pods import is_ready

SMALL = (
    *("server.replicas=2", "server.delay.minSeconds=0.1", "server.delay.maxSeconds=0.3"),
    *("client.concurrency=20", "client.rampUpSeconds=0"),
    *("client.thinkTime.minSeconds=0.1", "client.thinkTime.maxSeconds=0.3"),
)
ENDLESS = (*SMALL, "client.durationSeconds=300")


def is_alive(process: int) -> bool:
    """Tell whether there is a process of this number."""
    return Path(f"/proc/{process}").exists()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Give a cluster without anything in it."""
    with running(tmp_path, start_delay_seconds=0.1) as (cluster, kubeconfig):
        yield Place(cluster, kubeconfig)


def test_install_runs_the_client_to_its_summary(place: Place) -> None:
    """All servers and the client start, the client finds all of them, and its log is whole."""
    assert place.kubectl("config", "current-context").strip() == CONTEXT
    place.helm("install", "--wait", sets=(*SMALL, "server.replicas=3"))
    place.only_client()
    followed = place.kubectl("logs", "--follow", f"job/{JOB}-1").splitlines()
    place.await_job(1)
    summary = place.summary(1)
    assert json.loads(followed[-1]) == summary
    assert summary["requests"]["answered"] == 20
    servers = place.pods("server")
    assert len(servers) == 3
    assert summary["pods"].keys() <= servers.keys()
    answers = [line for line in followed if line.startswith("Response from Pod ")]
    assert len(answers) == 20
    tail = place.kubectl("logs", "--tail=2", f"job/{JOB}-1").splitlines()
    assert tail == followed[-2:]
    assert place.cluster.get("Job", f"{JOB}-1")["status"]["succeeded"] == 1
    listed = place.kubectl("get", "pods")
    assert listed.count("1/1") == 3
    assert "Completed" in listed


def test_deleted_pods_are_replaced(place: Place) -> None:
    """Each deletion has a replacement at once, at another address; the third pod stays."""
    place.helm("install", sets=(*SMALL, "server.replicas=3", "client.enabled=false"))
    place.await_servers()
    before = place.pods("server")
    processes = {name: place.cluster.process(name) for name in before}
    one, other, kept = before
    place.kubectl("delete", "pod", one, other, "--wait=false")
    assert not {one, other} & place.pods("server").keys()
    eventually(lambda: len(place.pods("server")) == 3)
    place.await_servers()
    after = place.pods("server")
    assert before.keys() & after.keys() == {kept}
    addresses = [pod["status"]["podIP"] for pod in [*before.values(), *after.values()]]
    assert len(set(addresses)) == 5
    assert place.cluster.process(kept) == processes[kept]
    eventually(lambda: not is_alive(processes[one]) and not is_alive(processes[other]))


def test_upgrade_and_uninstall(place: Place) -> None:
    """An upgrade is a new Job in place of the old one; uninstall leaves nothing and no process."""
    place.helm("install", sets=SMALL)
    place.await_job(1)
    servers = place.pods("server").keys()
    place.helm("upgrade", "--reset-then-reuse-values", sets=("client.concurrency=30",))
    place.await_job(2)
    assert place.cluster.names("Job") == {f"{JOB}-2"}
    assert place.summary(2)["requests"]["answered"] == 30
    eventually(lambda: len(place.pods("client")) == 1)
    assert place.pods("server").keys() == servers

    processes = [place.cluster.process(name) for name in servers]
    assert all(map(is_alive, processes))
    place.helm("uninstall")
    eventually(lambda: not place.cluster.names())
    assert not any(map(is_alive, processes))
    assert place.cluster.names("Secret") == set()


def test_changed_server_rolls_to_new_pods(place: Place) -> None:
    """The new run's requests go to new pods alone, although old ones still run when it starts."""
    place.helm("install", sets=SMALL)
    place.await_job(1)
    before = place.pods("server").keys()
    changed = ("server.delay.maxSeconds=0.4",)
    place.helm("upgrade", "--reset-then-reuse-values", sets=changed)
    place.await_servers()
    after = place.pods("server").keys()
    assert len(after) == 2
    assert not before & after
    place.await_job(2)
    pods = place.summary(2)["pods"]
    assert pods.keys() <= after
    assert sum(pod["requests"] for pod in pods.values()) == 20


def test_helm_test_reaches_every_pod(place: Place) -> None:
    """Names resolve in a pod, and each new connection goes to some server."""
    place.helm("install", "--wait", sets=(*SMALL, "client.enabled=false"))
    output = place.helm("test", "--logs")
    assert output.count(": answered") == 2
    assert all(pod in output for pod in place.pods("server"))
    assert not place.pods("test")


def test_server_out_of_memory_is_started_again_in_its_pod(place: Place) -> None:
    """The pod stays, says why, and becomes ready again; the log of before is still there."""
    place.helm("install", sets=(*SMALL, "client.enabled=false", "server.replicas=1"))
    place.await_servers()
    (name,) = place.pods("server")
    place.cluster.oom(name)

    def status() -> Any:
        return place.cluster.get("Pod", name)["status"]["containerStatuses"][0]

    eventually(lambda: status()["restartCount"] == 1)
    assert status()["lastState"]["terminated"]["reason"] == "OOMKilled"
    assert status()["lastState"]["terminated"]["exitCode"] == 137
    eventually(lambda: is_ready(place.cluster.get("Pod", name)))
    assert place.pods("server").keys() == {name}
    assert "Settings server=" in place.kubectl("logs", "--previous", name)


def test_client_out_of_memory_fails_the_job(place: Place) -> None:
    """Nothing tries again, and the pod stays for its log."""
    place.helm("install", sets=(*ENDLESS, "server.replicas=1"))
    name = place.only_client()
    place.cluster.oom(name)
    place.await_job(1, "failed")
    assert place.state(name)["terminated"]["exitCode"] == 137
    assert place.state(name)["terminated"]["reason"] == "OOMKilled"
    assert place.pods("client").keys() == {name}
    assert place.cluster.get("Job", f"{JOB}-1")["status"]["failedIndexes"] == "0"


def test_forgotten_pod_takes_its_log_along(place: Place) -> None:
    """A client that is gone counts as failed, and cannot be asked for its log."""
    place.helm("install", sets=(*ENDLESS, "server.replicas=1"))
    name = place.only_client()
    process = place.cluster.process(name)
    place.cluster.forget(name)
    place.await_job(1, "failed")
    status, output = place.run("kubectl", "logs", name)
    assert status != 0
    assert f'pods "{name}" not found' in output
    eventually(lambda: not is_alive(process))


def test_broken_image_keeps_the_pod_waiting(place: Place) -> None:
    """The reason is there for all to see, until the image can be had."""
    place.cluster.break_image("client")
    place.start("one", "print('at last')")
    why = {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "client"'}
    eventually(lambda: place.state("one") == {"waiting": why})
    status, output = place.run("kubectl", "logs", "one")
    assert status != 0
    assert "trying and failing to pull image" in output
    place.cluster.break_image("")
    eventually(lambda: "terminated" in place.state("one"))
    assert place.kubectl("logs", "one") == "at last\n"


def test_truncated_log_has_only_what_came_later(place: Place) -> None:
    """A log can lose its beginning and go on."""
    code = "import time\nfor n in range(10**6): print(n, flush=True); time.sleep(0.01)"
    place.start("one", code)
    eventually(lambda: "running" in place.state("one"))
    eventually(lambda: place.kubectl("logs", "one").startswith("0\n"))
    place.cluster.truncate_log("one")
    assert not place.kubectl("logs", "one").startswith("0\n")
    eventually(lambda: place.kubectl("logs", "one"))


@pytest.mark.parametrize(
    ("code", "phase", "state"),
    [
        ("print('done')", "Succeeded", {"exitCode": 0, "reason": "Completed"}),
        ("raise SystemExit(3)", "Failed", {"exitCode": 3, "reason": "Error"}),
        (
            "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
            "Failed",
            {"exitCode": 143, "reason": "Error"},
        ),
    ],
    ids=["success", "failure", "signal"],
)
def test_ended_pod_says_how(place: Place, code: str, phase: str, state: Object) -> None:
    """Phase and container state tell how the process ended."""
    place.start("one", code)
    place.kubectl(
        "wait",
        f"--for=jsonpath={{.status.phase}}={phase}",
        "pod/one",
        f"--timeout={BOUND_SECONDS}s",
    )
    assert place.state("one")["terminated"].items() >= state.items()


STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, lambda *_: print("asked", flush=True))
print("up", flush=True)
while True: time.sleep(1)
"""


@pytest.mark.parametrize(
    "flags",
    [("--grace-period=1",), ("--grace-period=0", "--force")],
    ids=["grace", "force"],
)
def test_deletion_asks_first_and_kills_then(place: Place, flags: tuple[str, ...]) -> None:
    """A pod that does not end by itself is killed after its grace; a forced one is asked, too."""
    place.start("one", STUBBORN)
    eventually(lambda: "running" in place.state("one"))
    eventually(lambda: place.kubectl("logs", "one"))
    process = place.cluster.process("one")
    follower = subprocess.Popen(
        [command("kubectl"), "logs", "--follow", "one"],
        env=place.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    with follower:
        assert follower.stdout is not None
        assert follower.stdout.readline() == "up\n"
        place.kubectl("delete", "pod", "one", *flags)
        assert follower.stdout.read() == "asked\n"
    eventually(lambda: not is_alive(process))
    assert place.cluster.names("Pod") == set()


def test_missing_namespace_is_refused(place: Place) -> None:
    """Nothing is made in a namespace that is not there, and all of one goes with it."""
    flags = ("--namespace", "else", "--set", "client.enabled=false")
    status, output = place.run("helm", "install", "demo", str(CHART), *flags)
    assert status != 0
    assert 'namespaces "else" not found' in output
    place.helm("install", *flags, "--create-namespace", sets=("server.replicas=1",))
    eventually(lambda: len(place.pods("server")) == 1)
    place.kubectl("delete", "namespace", "else")
    eventually(lambda: not place.cluster.names())
    assert place.cluster.names("Namespace") == {"default"}


def test_failing_test_leaves_no_process(tmp_path: Path) -> None:
    """Whatever happens in the block, its end is the end of all pods."""
    processes = []
    with pytest.raises(ZeroDivisionError), running(tmp_path, start_delay_seconds=0) as found:
        place = Place(*found)
        place.start("one", STUBBORN)
        eventually(lambda: "running" in place.state("one"))
        processes.append(place.cluster.process("one"))
        raise ZeroDivisionError
    assert not any(map(is_alive, processes))


def test_cut_connection_ends_what_is_followed(place: Place) -> None:
    """A log that is followed ends early, a refused call says why, and later all is as before."""
    place.start("one", STUBBORN)
    eventually(lambda: "running" in place.state("one"))
    eventually(lambda: place.kubectl("logs", "one"))
    with subprocess.Popen(
        [command("kubectl"), "logs", "--follow", "one"],
        env=place.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as follower:
        assert follower.stdout is not None
        assert follower.stdout.readline() == "up\n"
        place.cluster.unavailable = True
        place.cluster.cut_connections()
        assert follower.stdout.read() == ""
    status, output = place.run("kubectl", "get", "pods")
    assert status != 0
    assert "not available" in output
    place.cluster.unavailable = False
    assert "Running" in place.kubectl("get", "pods")


def test_scaled_deployment_keeps_its_number_from_those_who_apply(place: Place) -> None:
    """Whoever scaled owns the number; to want the same is no conflict, and force takes it over."""
    flags = ("--set", "client.enabled=false", "--set", "server.port=8001")
    place.helm("install", sets=(*SMALL, "client.enabled=false"))
    place.kubectl("scale", f"deployment/{SERVER}", "--replicas=1")
    eventually(lambda: len(place.pods("server")) == 1)
    status, output = place.run("helm", "upgrade", "demo", str(CHART), *flags)
    assert status == 1
    assert (
        'conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas' in output
    )
    place.helm("upgrade", *flags, sets=("server.replicas=1",))
    place.helm("upgrade", *flags, sets=("server.replicas=2",))
    place.kubectl("scale", f"deployment/{SERVER}", "--replicas=1")
    place.helm("upgrade", *flags, "--force-conflicts", sets=("server.replicas=2",))
    assert place.cluster.get("Deployment", SERVER)["spec"]["replicas"] == 2


def test_refused_pod_is_an_event_and_a_condition(place: Place) -> None:
    """The Job says it in an event alone, the Deployment in a condition, until a pod is let in."""
    place.cluster.refuse_pods("demo", "exceeded quota: compute")
    place.helm("install", sets=SMALL)
    job = place.cluster.get("Job", f"{JOB}-1")["metadata"]["uid"]
    which = f"involvedObject.uid={job},reason=FailedCreate"
    path = "jsonpath={.items[*].message}"

    def said() -> str:
        return place.kubectl("get", "events", "--field-selector", which, "--output", path)

    eventually(lambda: "is forbidden: exceeded quota: compute" in said())
    assert said().startswith('Error creating: pods "demo-long-lived-client-1-0-')

    def failure() -> list[Object]:
        conditions = place.cluster.get("Deployment", SERVER)["status"]["conditions"]
        return [one for one in conditions if one["type"] == "ReplicaFailure"]

    eventually(failure)
    assert failure()[0]["reason"] == "FailedCreate"
    assert failure()[0]["message"].endswith("is forbidden: exceeded quota: compute")
    place.cluster.refuse_pods("", "")
    place.await_job(1)
    assert failure() == []


@pytest.mark.parametrize(("native", "phase"), [(False, "Running"), (True, "Succeeded")])
def test_sidecar_lives_on_unless_it_is_a_native_one(native: bool, phase: str, place: Place) -> None:
    """A pod with an ordinary sidecar goes on, and its log has to be asked for by container."""
    place.cluster.inject("proxy", native=native)
    place.start("one", "print('done')")

    def ended() -> bool:
        found = place.cluster.get("Pod", "one")["status"].get("containerStatuses", [])
        return any("terminated" in one["state"] for one in found if one["name"] == "main")

    eventually(ended)
    assert place.cluster.get("Pod", "one")["status"]["phase"] == phase
    assert place.kubectl("logs", "one", "--container", "main") == "done\n"
    assert ("done" in place.kubectl("logs", "one")) == native


def test_pod_can_be_asked_through_the_api(place: Place) -> None:
    """The API server fetches a path of a pod, unless the user has no right to that."""
    place.helm("install", sets=(*SMALL, "client.enabled=false", "server.replicas=1"))
    place.await_servers()
    (name,) = place.pods("server")
    path = f"/api/v1/namespaces/default/pods/{name}:8000/proxy/stats"
    assert json.loads(place.kubectl("get", "--raw", path))["pod"] == name
    place.cluster.forbid("proxy")
    status, output = place.run("kubectl", "get", "--raw", path)
    assert status == 1
    assert 'cannot get resource "pods/proxy"' in output


def test_exec_does_the_labs_kill_and_nothing_else(place: Place) -> None:
    """The container is started again in its pod; another command is not found."""
    place.helm("install", sets=(*SMALL, "client.enabled=false", "server.replicas=1"))
    place.await_servers()
    (name,) = place.pods("server")
    where = ("exec", name, "--container", "server", "--")
    assert "exit code 127" in place.run("kubectl", *where, "true")[1]
    status, output = place.run("kubectl", *where, *kill_command(8000))
    assert (status, KILLED in output) == (137, True)

    def own() -> Any:
        return place.cluster.get("Pod", name)["status"]["containerStatuses"][0]

    eventually(lambda: own()["restartCount"] == 1)
    assert own()["lastState"]["terminated"]["exitCode"] == 137
