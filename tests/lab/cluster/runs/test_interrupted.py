"""Ctrl-C in a run on a cluster ends the lab's own run, and leaves other runs alone."""

import signal

from tests.cluster.place import JOB, Place
from tests.lab.cluster.runs.lab import ENDLESS, Lab, sets
from tests.waiting import eventually


def test_ctrl_c_in_verify_leaves_the_run_alone(place: Place, lab: Lab) -> None:
    """`verify` only watches: ending it does not end the run."""
    place.helm("install", sets=ENDLESS)
    place.await_answers()
    watching = lab.begin("verify", "--out", str(lab.out))
    eventually(lambda: list(lab.out.glob(f"latest/{JOB}-1-*.log")))
    watching.send_signal(signal.SIGINT)
    status, output = lab.end(watching)
    assert status == 130, output
    assert "Traceback" not in output
    assert place.state(place.only_client()).keys() == {"running"}


def test_ctrl_c_in_run_ends_it_with_a_summary(place: Place, lab: Lab) -> None:
    """The clients are told to stop, and what they did is kept."""
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
