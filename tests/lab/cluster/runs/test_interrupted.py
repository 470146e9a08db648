"""Runs on a cluster that are cut off: by Ctrl-C, and by a connection that breaks."""

from tests.cluster.place import JOB, Place
from tests.lab.cluster.runs.lab import ALONE, ENDLESS, Lab, sets
from tests.waiting import eventually


def test_ctrl_c_in_run_ends_it_with_a_summary(place: Place, lab: Lab) -> None:
    """The clients are told to stop, and what they did is kept."""
    arguments = ["run", "smoke", "--on", "cluster", "--out", str(lab.out), *sets(*ENDLESS)]
    running_lab = lab.begin(*arguments)
    place.await_answers()
    lab.interrupt(running_lab)
    requests = lab.record["clients"]["requests"]
    assert requests["answered"] > 0
    assert requests["planned"] == requests["answered"] + requests["failed"]
    assert lab.record["clients"]["stopped_by"] == "SIGTERM"


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
