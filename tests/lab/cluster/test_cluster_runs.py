"""Runs on a cluster: the lab with the real helm and kubectl, and pods that really run."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.chart.conftest import CHART
from tests.cluster.api import CONTEXT
from tests.cluster.kubelet import NOBODY
from tests.cluster.miniature import Miniature, running
from tests.cluster.place import JOB, SERVER, Place
from tests.waiting import eventually

LONGEST_SECONDS = 240

QUICK = (
    "server.delay.minSeconds=0.1",
    "server.delay.maxSeconds=0.3",
    "client.thinkTime.minSeconds=0.1",
    "client.thinkTime.maxSeconds=0.3",
    "client.concurrency=60",
    "client.rampUpSeconds=0",
    "experiment.expect=any",  # chance makes a spread uneven once in a thousand runs
)
ENDLESS = (*QUICK, "client.durationSeconds=300")
RESTART = (*QUICK, "client.durationSeconds=25", "experiment.restart.afterSeconds=4")
"""Time enough for replacements to become ready on a machine that is busy."""
PINNED = "experiment.expect=pinned"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Give a cluster without anything in it."""
    with running(tmp_path, start_delay_seconds=0.5) as (cluster, kubeconfig):
        yield Place(cluster, kubeconfig)


class Lab:
    """The command `long-lived` on that cluster, with a folder for its results."""

    def __init__(self, place: Place, folder: Path) -> None:
        self._environment = place.environment
        self.out = folder / "results"

    def begin(
        self, *arguments: str, namespace: str = "default", **variables: str
    ) -> subprocess.Popen[str]:
        """Start the command."""
        of_a_release = "--from-log" not in arguments
        where = ["--release", "demo", "--namespace", namespace] if of_a_release else []
        return subprocess.Popen(
            [sys.executable, "-m", "long_lived.lab", *arguments, *where],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**self._environment, **variables},
        )

    def end(self, process: subprocess.Popen[str]) -> tuple[int, str]:
        """Wait for its end; return its exit status, and all it printed as one line of words."""
        output, _ = process.communicate(timeout=LONGEST_SECONDS)
        return process.returncode, " ".join(output.split())

    def do(self, *arguments: str, **options: Any) -> tuple[int, str]:
        """Run the command to its end."""
        return self.end(self.begin(*arguments, **options))

    def verify(self) -> tuple[int, str]:
        """Run `verify`."""
        return self.do("verify", "--out", str(self.out))

    def verify_until(self, text: str) -> subprocess.Popen[str]:
        """Start `verify`, and wait for a line with `text` or for its end."""
        process = self.begin("verify", "--out", str(self.out))
        assert process.stdout is not None
        for line in process.stdout:
            if text in line:
                break
        return process

    @property
    def record(self) -> dict[str, Any]:
        """What the newest results folder has."""
        found: dict[str, Any] = json.loads((self.out / "latest" / "summary.json").read_text())
        return found


@pytest.fixture
def lab(place: Place, tmp_path: Path) -> Lab:
    """Give the command."""
    return Lab(place, tmp_path)


def sets(*pairs: str) -> list[str]:
    """Make the flags of settings."""
    return [part for pair in pairs for part in ("--set", pair)]


def test_verify_waits_for_the_run_and_merges_all_clients(place: Place, lab: Lab) -> None:
    """The newest run is awaited; the summaries of its clients are added up, and judged."""
    place.helm("install", sets=(*QUICK, "client.parallelism=2", "client.requestsPerUser=3"))
    status, output = lab.verify()
    assert status == 0, output
    assert "360 of 360 planned were answered" in output
    assert "verdict even: the connections opened are within chance of uniform" in output
    assert f"{JOB}-1" in output
    record = lab.record
    assert set(record["replicas"]) == set(place.pods("server"))
    assert record["clients"]["clients"] == 2
    logs = list((lab.out / "latest").glob(f"{JOB}-1-*.log"))
    assert len(logs) == 2
    lines = "".join(log.read_text() for log in logs)
    assert lines.count("Response from Pod ") == 360
    assert "concurrency: 60" in (lab.out / "latest" / "values.yaml").read_text()


def test_verify_of_a_run_that_is_over_says_the_same(place: Place, lab: Lab) -> None:
    """A run can be judged as long as its pods are there, as often as one likes."""
    place.helm("install", sets=(*QUICK, "client.requestsPerUser=2"))
    place.await_job(1)
    first, second = lab.verify(), lab.verify()
    assert first[0] == second[0] == 0
    assert "120 of 120" in first[1]
    assert "120 of 120" in second[1]


def test_verify_judges_the_newest_run_alone(place: Place, lab: Lab) -> None:
    """After an upgrade with other server settings neither runs nor pods are mixed up."""
    place.helm("install", sets=QUICK)
    assert lab.verify()[0] == 0
    before = set(place.pods("server"))
    place.helm(
        "upgrade",
        "--reset-then-reuse-values",
        sets=("server.runtime=gunicorn", "client.concurrency=90"),
    )
    status, output = lab.verify()
    assert status == 0, output
    assert "90 of 90" in output
    assert not before & set(lab.record["replicas"])
    assert len(lab.record["replicas"]) == 3


def test_replicas_are_learnt_from_the_pods_where_an_autoscaler_decides(
    place: Place, lab: Lab
) -> None:
    """Helm leaves their number alone, the client waits for all there are, and so does the lab."""
    place.helm("install", sets=(*QUICK, "server.replicas=null", "client.enabled=false"))
    place.await_servers()
    scaled = '{"spec": {"replicas": 2}}'
    place.kubectl("patch", f"deployment/{SERVER}", f"--patch={scaled}")
    place.await_servers()
    assert len(place.pods("server")) == 2
    status, output = lab.do(
        *("run", "smoke", "--on", "cluster", "--out", str(lab.out)),
        *sets(*QUICK, "server.replicas=null"),
    )
    assert status == 0, output
    assert "against an autoscaler's replicas" in output
    assert "60 of 60" in output
    assert set(lab.record["replicas"]) == set(place.pods("server"))
    assert len(lab.record["replicas"]) == 2
    (log,) = (lab.out / "latest").glob(f"{JOB}-2-*.log")
    assert lab.do("verify", "--from-log", str(log), "--out", str(lab.out))[0] == 0
    assert len(lab.record["replicas"]) == 2


def test_newest_run_is_found_where_jobs_are_named_after_their_settings(
    place: Place, lab: Lab
) -> None:
    """Applied without Helm, other settings are another Job beside the old one."""
    for users in (40, 50):
        pairs = (*QUICK, "job.nameSuffix=settings", f"client.concurrency={users}")
        flags = [f"--set={pair}" for pair in pairs]
        status, manifests = place.run(
            "helm",
            "template",
            "demo",
            str(CHART),
            *flags,
            "--show-only=templates/server/*.yaml",
            "--show-only=templates/client/*.yaml",
        )
        assert status == 0, manifests
        place.kubectl("apply", "--filename=-", given=manifests)
        status, output = lab.verify()
        assert status == 0, output
        assert f"{users} of {users}" in output
    assert len(place.cluster.names("Job")) == 2


def test_run_on_cluster_restarts_in_the_middle(place: Place, lab: Lab) -> None:
    """One command installs, restarts two of three pods at the clients' time, and judges."""
    status, output = lab.do(
        *("run", "restart-gunicorn", "--on", "cluster", "--out", str(lab.out)),
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
    """`restart` deletes all server pods but the oldest, and `verify` sees who took their place."""
    place.helm(
        "install",
        sets=(*QUICK, "server.runtime=gunicorn", "client.durationSeconds=14")
        + ("experiment.expect=pinned",),
    )
    place.await_answers()
    before = set(place.pods("server"))
    status, output = lab.do("restart")
    assert status == 0, output
    status, output = lab.verify()
    assert status == 0, output
    assert "pinned, as expected" in output
    replacements = lab.record["events"]
    assert {one["old"] for one in replacements} < before
    assert {one["new"] for one in replacements} == set(place.pods("server")) - before
    assert len(replacements) == 2


def test_client_killed_for_memory_makes_the_run_incomplete(place: Place, lab: Lab) -> None:
    """The verdict names the pod and why it ended, and counts what it had done until then."""
    place.helm("install", sets=ENDLESS)
    place.await_answers()
    watching = lab.begin("verify", "--out", str(lab.out))
    eventually(lambda: (lab.out / "latest").exists())
    place.cluster.oom(place.only_client())
    status, output = lab.end(watching)
    assert status == 1
    assert re.search(r"incomplete: client pod \S+ ended with status 137 \(OOMKilled\)", output)
    assert "Traceback" not in output
    requests = lab.record["clients"]["requests"]
    assert requests["answered"] > 0
    assert requests["planned"] == requests["answered"] + requests["failed"]


def test_client_pod_that_is_gone_makes_the_run_incomplete(place: Place, lab: Lab) -> None:
    """A pod that went with its log is missed, and never a pass."""
    place.helm("install", sets=(*QUICK, "client.parallelism=2"))
    place.await_job(1)
    place.cluster.forget(sorted(place.pods("client"))[0])
    status, output = lab.verify()
    assert status == 1
    assert "incomplete: 1 of 2 client pods are gone or never started" in output


def test_log_that_was_rotated_away_makes_the_run_incomplete(place: Place, lab: Lab) -> None:
    """Without its summary a log says nothing, though the pod completed."""
    place.helm("install", sets=QUICK)
    place.await_job(1)
    place.cluster.truncate_log(next(iter(place.pods("client"))))
    status, output = lab.verify()
    assert status == 1
    assert "has no summary" in output
    assert "verdict incomplete" in output


def test_client_of_another_version_makes_the_run_incomplete(place: Place, lab: Lab) -> None:
    """Summaries that this lab cannot read are named, and those that it can are merged."""
    place.helm("install", sets=(*QUICK, "client.parallelism=2"))
    place.await_job(1)
    old = sorted(place.pods("client"))[0]
    place.cluster.rewrite_log(old, '{"format":2,', '{"format":99,')
    status, output = lab.verify()
    assert status == 1
    assert f"incomplete: client pod {old} has a summary of format 99: must be 2" in output
    assert "Traceback" not in output
    assert lab.record["clients"]["requests"]["answered"] > 0


def test_connection_to_the_cluster_that_is_cut_loses_nothing(place: Place, lab: Lab) -> None:
    """A log whose following was cut is read again, and every answer counts once."""
    place.helm("install", sets=(*QUICK, "client.durationSeconds=6"))
    place.await_answers()
    watching = lab.begin("verify", "--out", str(lab.out))
    eventually(lambda: list(lab.out.glob(f"latest/{JOB}-1-*.log")))
    place.cluster.cut_connections()
    status, output = lab.end(watching)
    assert status == 0, output
    (log,) = (lab.out / "latest").glob(f"{JOB}-1-*.log")
    answered = lab.record["clients"]["requests"]["answered"]
    assert log.read_text().count("Response from Pod ") == answered


def test_image_that_cannot_be_had_is_said(place: Place, lab: Lab) -> None:
    """A wait without hope ends: the reason is shown while it lasts, and Ctrl-C ends it."""
    place.cluster.mishaps.unpullable = "client"
    place.helm("install", sets=QUICK)
    watching = lab.verify_until("ImagePull")
    watching.send_signal(signal.SIGINT)
    status, output = lab.end(watching)
    assert status == 130
    assert "the lab stopped waiting; the run goes on" in output


QUOTA = (
    "exceeded quota: compute, requested: requests.memory=256Mi, used: requests.memory=1Gi, "
    "limited: requests.memory=1Gi"
)
POD_SECURITY = (
    'violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container '
    '"client" must set securityContext.allowPrivilegeEscalation=false)'
)
SECRET = (
    "clientPod.extraEnv[0].name=TOKEN",
    "clientPod.extraEnv[0].valueFrom.secretKeyRef.name=token",
    "clientPod.extraEnv[0].valueFrom.secretKeyRef.key=token",
)


@pytest.mark.parametrize(
    ("mishap", "settings", "why"),
    [
        (
            {"nodeless": "client"},
            (),
            r"client pod \S+: Unschedulable: 0/1 nodes are available: 1 Insufficient memory\.",
        ),
        (
            {"refused": ("server", QUOTA)},
            (),
            rf'server pods are refused: FailedCreate: pods "\S+" is forbidden: {QUOTA}',
        ),
        (
            {"refused": ("client", POD_SECURITY)},
            (),
            r'client pods are refused: FailedCreate: Error creating: pods "\S+" is forbidden: '
            + re.escape(POD_SECURITY),
        ),
        (
            {},
            SECRET,
            r'client pod \S+: CreateContainerConfigError: secret "token" not found',
        ),
        (
            {"crashing": "server"},
            (),
            r"server pod \S+: CrashLoopBackOff after Error \(exit 3\), restart \d",
        ),
        (
            {"unpullable": "client"},
            (),
            r'client pod \S+: ImagePullBackOff: Back-off pulling image "\S*client\S*"',
        ),
    ],
    ids=["no-node", "quota", "pod-security", "config", "crash-loop", "image"],
)
def test_run_that_cannot_begin_says_why_and_is_given_up(
    mishap: dict[str, Any],
    settings: tuple[str, ...],
    why: str,
    place: Place,
    lab: Lab,
) -> None:
    """The reason is shown while it lasts, and is that of the verdict after a bounded wait."""
    vars(place.cluster.mishaps).update(mishap)
    place.helm("install", sets=(*QUICK, *settings, "client.readiness.timeoutSeconds=15"))
    status, output = lab.verify()
    assert status == 1
    assert re.search(rf" s {why}", output), output
    # The client gives up after the same time, where it has started.
    waited = r"(the run did not begin within \d+ s: )?"
    assert re.search(f"verdict incomplete: {waited}{why}", output)
    assert "Traceback" not in output


def test_wait_that_ends_well_leaves_no_trace(place: Place, lab: Lab) -> None:
    """A node that comes in time is all that was missing."""
    place.cluster.mishaps.nodeless = "client"
    place.helm("install", sets=QUICK)
    watching = lab.verify_until("Unschedulable")
    place.cluster.mishaps.nodeless = NOBODY
    status, output = lab.end(watching)
    assert status == 0, output
    assert "Unschedulable" not in output.partition("verdict")[2]
    assert lab.record["problems"] == []


@pytest.mark.parametrize(
    ("sidecar", "native"),
    [("aa-proxy", False), ("zz-shipper", False), ("proxy", True)],
    ids=["before", "behind", "native"],
)
def test_sidecar_that_lives_on_keeps_no_run_going(
    sidecar: str, native: bool, place: Place, lab: Lab
) -> None:
    """The containers of the chart alone are followed, and their end is the run's."""
    lasting = {"restartPolicy": "Always"} if native else {}
    place.cluster.mishaps.sidecar = {"name": sidecar, "image": "sidecar", **lasting}
    place.helm("install", sets=(*QUICK, "client.requestsPerUser=3"))
    status, output = lab.verify()
    assert status == 0, output
    assert "180 of 180 planned were answered" in output
    assert lab.record["problems"] == []


IN_PLACE = {
    "memory": (Miniature.oom, "OOMKilled", r"OOMKilled \(exit 137\)"),
    "liveness": (
        Miniature.fail_liveness,
        "liveness probe failed",
        r"liveness probe failed, Error \(exit 137\)",
    ),
    "crash": (Miniature.end, "Error 137", r"Error 137, Error \(exit 137\)"),
}


@pytest.mark.parametrize("how", IN_PLACE)
def test_restart_in_place_is_a_replacement_of_itself(how: str, place: Place, lab: Lab) -> None:
    """A container that starts again in its pod is found, with when and why; none from before."""
    mishap, reason, words = IN_PLACE[how]
    place.helm(
        "install",
        sets=(*QUICK, "server.runtime=gunicorn", "client.durationSeconds=12")
        + ("client.enabled=false",),
    )
    place.await_servers()
    early, victim, _ = sorted(place.pods("server"))
    place.cluster.oom(early)
    eventually(lambda: restarts(place, early) == 1)
    place.await_servers()
    place.helm("upgrade", "--reset-then-reuse-values", sets=("client.enabled=true",))
    place.await_answers(2)
    mishap(place.cluster, victim)
    status, output = lab.verify()
    assert "Traceback" not in output
    (one,) = lab.record["events"]
    assert one["old"] == one["new"] == victim, output
    assert one["reason"].startswith(reason)
    assert one["stopped_unix_seconds"] <= one["ready_unix_seconds"]
    assert re.search(rf"{victim} restarted in place at [\d.]+ s: {words}, restart 1", output)
    assert early not in {one["old"] for one in lab.record["events"]}
    assert status in (0, 1)


KILL = (*RESTART, "server.delay.minSeconds=0.8", "server.delay.maxSeconds=1.2", "server.port=8080")


def test_kill_loses_the_requests_in_flight(place: Place, lab: Lab) -> None:
    """Answers that SIGTERM and two seconds would have let out are lost, as with a real crash."""
    status, output = lab.do(
        *("run", "restart-gunicorn", "--on", "cluster", "--out", str(lab.out)),
        *sets(*KILL, "experiment.restart.signal=kill", "experiment.maxFailedRatio=1"),
    )
    assert status == 0, output
    failed = lab.record["clients"]["requests"]["failed_by_kind"]
    assert failed["connection_lost"] > 5
    assert "not killed" not in output
    assert len(lab.record["replicas"]) == 5


def test_kill_that_is_refused_says_what_came_instead(place: Place, lab: Lab) -> None:
    """Without the right to exec the pods are deleted by force, and that is no kill."""
    place.cluster.mishaps.forbidden = "exec"
    status, output = lab.do(
        *("run", "restart-gunicorn", "--on", "cluster", "--out", str(lab.out)),
        *sets(*KILL, "experiment.restart.signal=kill"),
    )
    assert status == 0, output
    assert output.count("not killed, but ended by SIGTERM and SIGKILL some 2 s later: ") == 2
    assert 'cannot create resource "pods/exec"' in output
    assert lab.record["clients"]["requests"]["failed"] == 0


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


def test_conflict_over_replicas_stops_the_run(place: Place, lab: Lab) -> None:
    """Whoever scaled the servers is told what Helm said and what to do, and keeps the number."""
    place.helm("install", sets=(*QUICK, "client.enabled=false"))
    place.kubectl("scale", f"deployment/{SERVER}", "--replicas=2")
    status, output = lab.do("run", "smoke", "--on", "cluster", "--out", str(lab.out))
    assert status == 1
    assert 'conflict with "kubectl" with subresource "scale" using apps/v1: .spec.rep' in output
    assert "server.replicas: null" in output
    assert "--force-conflicts" in output
    assert place.cluster.get("Deployment", SERVER)["spec"]["replicas"] == 2


def test_job_of_a_failed_upgrade_is_named(place: Place, lab: Lab) -> None:
    """What a failed upgrade left running is the newest run, and the reader knows."""
    place.helm("install", sets=QUICK)
    place.await_job(1)
    assert "helm upgrade failed" not in lab.verify()[1]
    place.kubectl("scale", f"deployment/{SERVER}", "--replicas=2")
    flags = ("--reset-then-reuse-values", "--set", "client.readiness.timeoutSeconds=3")
    assert place.run("helm", "upgrade", "demo", str(CHART), *flags)[0] == 1
    _, output = lab.verify()
    assert f"{JOB}-2 is from revision 2, whose helm upgrade failed" in output


def test_servers_own_counts_are_fetched_through_the_api(place: Place, lab: Lab) -> None:
    """Each replica says how many it answered, and that is what the client counted."""
    place.helm("install", sets=(*QUICK, "client.requestsPerUser=2", "server.port=8080"))
    assert lab.verify()[0] == 0
    counts = lab.record["server_counts"]
    pods = lab.record["clients"]["pods"]
    assert counts.keys() == place.pods("server").keys()
    assert {name: one["answered"] for name, one in counts.items()} == {
        name: pods[name]["requests"] for name in counts
    }


def test_servers_own_counts_that_are_refused_are_missed_once(place: Place, lab: Lab) -> None:
    """Without the right to ask there are none, and the verdict stands."""
    place.cluster.mishaps.forbidden = "proxy"
    place.helm("install", sets=QUICK)
    status, output = lab.verify()
    assert status == 0, output
    assert lab.record["server_counts"] == {}
    assert output.count("the servers' own counts are missing") == 1
    assert 'cannot get resource "pods/proxy"' in output


def test_clients_with_clocks_of_their_own_are_one_timeline(place: Place, lab: Lab) -> None:
    """What a client with a clock 20 s ahead did is counted when it happened, by the lab's clock."""
    place.cluster.mishaps.skewed = "client-1-1-", 20.0
    status, output = lab.do(
        *("run", "restart-gunicorn", "--on", "cluster", "--out", str(lab.out)),
        *sets(*RESTART, "client.parallelism=2", "client.concurrency=30"),
    )
    assert status == 0, output
    record = lab.record
    assert record["clients"]["load_seconds"] < 35
    assert 3 < record["effect"]["phases"][1]["start_seconds"] < 8
    assert 0 < record["clock_uncertainty_seconds"] < 10


def restarts(place: Place, pod: str) -> int:
    """Tell how often a pod's container was started again."""
    status = place.cluster.get("Pod", pod)["status"]["containerStatuses"][0]
    return int(status["restartCount"])


def test_ctrl_c_leaves_the_run_of_others_alone(place: Place, lab: Lab) -> None:
    """`verify` only looks: its end is not the run's."""
    place.helm("install", sets=ENDLESS)
    place.await_answers()
    watching = lab.begin("verify", "--out", str(lab.out))
    eventually(lambda: list(lab.out.glob(f"latest/{JOB}-1-*.log")))
    watching.send_signal(signal.SIGINT)
    status, output = lab.end(watching)
    assert status == 130, output
    assert "Traceback" not in output
    assert place.state(place.only_client()).keys() == {"running"}


def test_ctrl_c_ends_a_run_of_its_own_with_a_summary(place: Place, lab: Lab) -> None:
    """The clients are told to stop, and what they have done is kept."""
    arguments = ["run", "smoke", "--on", "cluster", "--out", str(lab.out), *sets(*ENDLESS)]
    running_lab = lab.begin(*arguments)
    place.await_answers()
    running_lab.send_signal(signal.SIGINT)
    status, output = lab.end(running_lab)
    assert status == 130, output
    requests = lab.record["clients"]["requests"]
    assert requests["answered"] > 0
    assert requests["planned"] == requests["answered"] + requests["failed"]
    assert lab.record["clients"]["stopped_by"] == "SIGTERM"


@pytest.mark.parametrize("command", ["verify", "restart"])
def test_release_that_is_not_there_is_one_line(command: str, lab: Lab) -> None:
    """What is missing is named, with where it was looked for."""
    status, output = lab.do(command)
    assert status == 2
    assert "demo" in output
    assert "default" in output
    assert "Traceback" not in output
    assert not lab.out.exists()


def test_release_without_a_client_is_one_line(place: Place, lab: Lab) -> None:
    """A server alone has no run to verify."""
    place.helm("install", sets=(*QUICK, "client.enabled=false"))
    status, output = lab.verify()
    assert status == 2
    assert "has no client Job" in output


def test_missing_context_is_one_line(lab: Lab) -> None:
    """Without a current context the user is told how to choose one."""
    status, output = lab.do("verify", KUBECONFIG=os.devnull)
    assert status == 2
    assert output.startswith("long-lived: error: no Kubernetes context is set")


def test_missing_kubectl_is_one_line(lab: Lab, tmp_path: Path) -> None:
    """Without kubectl the user is told that."""
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    code = (
        "import sys; sys.executable = sys.argv[1]; sys.argv = ['long-lived', 'verify']; "
        "from long_lived.lab.__main__ import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(python)],
        env={"PATH": str(python.parent)},
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("long-lived: error: kubectl is missing")
    assert done.stderr.count("\n") == 1


def test_unknown_chart_key_is_refused_before_anything_is_installed(place: Place, lab: Lab) -> None:
    """A misspelt key of the chart is one line, as one of the settings is."""
    status, output = lab.do(
        "run", "smoke", "--on", "cluster", "--set", "images.registri=x", "--out", str(lab.out)
    )
    assert status == 2
    assert "images.registri" in output
    assert not place.cluster.all("Deployment")
