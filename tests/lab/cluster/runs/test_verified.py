"""Which run on a cluster `verify` waits for, and what it learns about it."""

from tests.chart.conftest import CHART
from tests.cluster.place import JOB, SERVER, Place
from tests.lab.cluster.runs.lab import ALONE, QUICK, Lab, sets


def test_client_may_choose_among_the_pods_itself(place: Place, lab: Lab) -> None:
    """The chart's values alone lead it to the headless Service, and it treats all pods alike."""
    place.helm("install", sets=(*QUICK, "client.balancing=headless", "server.runtime=gunicorn"))
    status, output = lab.verify()
    assert status == 0, output
    assert "60 of 60" in output
    pods = lab.record["clients"]["pods"]
    assert set(pods) == set(place.pods("server"))
    assert {pod["connections_opened"] for pod in pods.values()} == {20}


def test_two_releases_in_a_namespace_are_verified_apart(place: Place, lab: Lab) -> None:
    """Each has its own pods, run and verdict, whatever the other does."""
    place.helm("install", sets=ALONE)
    pairs = sets(*ALONE, "client.concurrency=70")
    installed, output = place.run("helm", "install", "other", str(CHART), *pairs)
    assert installed == 0, output
    for release, answers in (("demo", "60 of 60"), ("other", "70 of 70")):
        status, output = lab.do("verify", "--out", str(lab.out), release=release)
        assert status == 0, output
        assert answers in output
        assert all(pod.startswith(f"{release}-") for pod in lab.record["replicas"])


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
    """Helm leaves their number alone; client and lab wait for all the pods that exist."""
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
    """Applied without Helm, changed settings make another Job beside the old one."""
    for users in (40, 50):
        pairs = (*ALONE, "job.nameSuffix=settings", f"client.concurrency={users}")
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


def test_job_of_a_failed_upgrade_is_named(place: Place, lab: Lab) -> None:
    """What a failed upgrade left running is the newest run, and the reader is told."""
    place.helm("install", sets=ALONE)
    place.await_job(1)
    assert "helm upgrade failed" not in lab.verify()[1]
    place.kubectl("scale", f"deployment/{SERVER}", "--replicas=2")
    flags = ("--reset-then-reuse-values", "--set", "client.readiness.timeoutSeconds=3")
    assert place.run("helm", "upgrade", "demo", str(CHART), *flags)[0] == 1
    _, output = lab.verify()
    assert f"{JOB}-2 is from revision 2, whose helm upgrade failed" in output


def test_sidecar_that_lives_on_keeps_no_run_going(place: Place, lab: Lab) -> None:
    """Only the chart's own containers are followed, and their end is the run's."""
    sidecars: list[dict[str, str]] = [
        {"name": "aa-before"},
        {"name": "zz-behind"},
        {"name": "native", "restartPolicy": "Always"},
    ]
    for users, sidecar in enumerate(sidecars, start=30):
        place.cluster.mishaps.sidecar = {"image": "sidecar", **sidecar}
        place.helm(
            *("upgrade", "--install"),
            sets=(*ALONE, "client.requestsPerUser=3", f"client.concurrency={users}"),
        )
        status, output = lab.verify()
        assert status == 0, output
        assert f"{3 * users} of {3 * users} planned were answered" in output
        assert lab.record["problems"] == []


def test_servers_own_counts_that_are_refused_are_missed_once(place: Place, lab: Lab) -> None:
    """Without the right to ask there are none, and the verdict stands."""
    place.cluster.mishaps.forbidden = "proxy"
    place.helm("install", sets=ALONE)
    status, output = lab.verify()
    assert status == 0, output
    assert lab.record["server_counts"] == {}
    assert output.count("the servers' own counts are missing") == 1
    assert 'cannot get resource "pods/proxy"' in output
