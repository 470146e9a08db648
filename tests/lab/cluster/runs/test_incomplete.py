"""Runs on a cluster that lose something: clients, their logs, the connection."""

import re

from tests.cluster.place import JOB, Place
from tests.lab.cluster.runs.lab import ALONE, ENDLESS, Lab
from tests.waiting import eventually


def test_client_killed_for_memory_makes_the_run_incomplete(place: Place, lab: Lab) -> None:
    """The verdict names the pod and why it ended, and counts what it had done."""
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


def test_client_pod_that_is_drained_leaves_its_account(place: Place, lab: Lab) -> None:
    """An eviction deletes it, with SIGTERM first: what it did by then is counted."""
    place.helm("install", sets=ENDLESS)
    place.await_answers()
    watching = lab.begin("verify", "--out", str(lab.out))
    eventually(lambda: list(lab.out.glob(f"latest/{JOB}-1-*.log")))
    place.kubectl("delete", f"pod/{place.only_client()}", "--wait=false")
    status, output = lab.end(watching)
    assert status == 1
    assert "verdict incomplete: " in output
    assert "Traceback" not in output
    requests = lab.record["clients"]["requests"]
    assert requests["answered"] > 0
    assert requests["planned"] == requests["answered"] + requests["failed"]


def test_client_pod_that_is_gone_makes_the_run_incomplete(place: Place, lab: Lab) -> None:
    """A pod that went with its log is missed, and the run never passes."""
    place.helm("install", sets=(*ALONE, "client.parallelism=2"))
    place.await_job(1)
    place.cluster.forget(sorted(place.pods("client"))[0])
    status, output = lab.verify()
    assert status == 1
    assert "incomplete: 1 of 2 client pods are gone or never started" in output


def test_log_that_was_rotated_away_makes_the_run_incomplete(place: Place, lab: Lab) -> None:
    """A log without its summary says nothing, although the pod completed."""
    place.helm("install", sets=ALONE)
    place.await_job(1)
    place.cluster.truncate_log(next(iter(place.pods("client"))))
    status, output = lab.verify()
    assert status == 1
    assert "has no summary" in output
    assert "verdict incomplete" in output


def test_client_of_another_version_makes_the_run_incomplete(place: Place, lab: Lab) -> None:
    """Unreadable summaries are named, and readable ones merged."""
    place.helm("install", sets=(*ALONE, "client.parallelism=2"))
    place.await_job(1)
    old = sorted(place.pods("client"))[0]
    place.cluster.rewrite_log(old, '{"format":3,', '{"format":99,')
    status, output = lab.verify()
    assert status == 1
    assert f"incomplete: client pod {old} has a summary of format 99: must be 3" in output
    assert "Traceback" not in output
    assert lab.record["clients"]["requests"]["answered"] > 0


def test_connection_to_the_cluster_that_is_cut_loses_nothing(place: Place, lab: Lab) -> None:
    """A log whose stream was cut is read again, and every answer counts once."""
    place.helm("install", sets=(*ALONE, "client.durationSeconds=6"))
    place.await_answers()
    watching = lab.begin("verify", "--out", str(lab.out))
    eventually(lambda: list(lab.out.glob(f"latest/{JOB}-1-*.log")))
    place.cluster.cut_connections()
    status, output = lab.end(watching)
    assert status == 0, output
    (log,) = (lab.out / "latest").glob(f"{JOB}-1-*.log")
    answered = lab.record["clients"]["requests"]["answered"]
    assert log.read_text().count("Response from Pod ") == answered
