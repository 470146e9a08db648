"""Signals to `long-lived run`, its clients and its replicas: results are kept, nothing is left."""

import os
import signal
import subprocess

import pytest
from tests.lab.commands.lab import (
    FEW,
    LASTING,
    QUICK,
    RESTART,
    Start,
    check_phases,
    processes_of,
)
from tests.sockets import listeners
from tests.waiting import eventually


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "sigterm"]
)
def test_signal_in_mid_run_ends_it_with_its_results(
    number: signal.Signals, status: int, start: Start
) -> None:
    """The first signal stops the clients; every request is accounted for."""
    lab = start("smoke", *QUICK, LASTING)
    port = lab.port()
    lab.await_answers()
    listening = listeners(port)
    assert listening
    lab.process.send_signal(number)
    assert lab.finish() == status, lab.printed
    clients, record = lab.check_account(), lab.record
    assert clients["stopped_by"] == number.name
    assert clients["requests"]["answered"] >= 20
    assert record["verdict"]["finding"] == "incomplete"
    assert f"a client was stopped by {number.name}" in record["verdict"]["words"]
    assert lab.printed.endswith((lab.folder / "report.txt").read_text(encoding="utf-8"))
    assert processes_of(lab.place) == {}
    assert not listening & listeners(port)


def test_reader_that_goes_away_loses_no_results(start: Start) -> None:
    """Ctrl-C in `long-lived run | tee log` ends tee as well; the results are kept all the same."""
    lab = start("smoke", *FEW, LASTING, stdout=subprocess.PIPE)
    assert lab.process.stdout is not None
    lab.await_answers()
    lab.process.stdout.close()
    # The next line of progress finds no reader, and the lab writes nowhere from then on.
    eventually(lambda: os.readlink(f"/proc/{lab.process.pid}/fd/1") == os.devnull)
    lab.process.send_signal(signal.SIGINT)
    assert lab.finish() == 130
    assert lab.errors == ""
    assert lab.check_account()["stopped_by"] == "SIGINT"
    assert (lab.folder / "report.txt").exists()


def test_signal_before_the_clients_start_is_reported(start: Start) -> None:
    """A run stopped while replicas start says that there is no summary, and leaves nothing."""
    lab = start("smoke", *FEW, LASTING)
    eventually(lambda: lab.pid("-m long_lived.server"))
    lab.process.send_signal(signal.SIGINT)
    assert lab.finish() == 130, lab.printed
    assert lab.record["verdict"]["finding"] == "incomplete"
    assert processes_of(lab.place) == {}


def test_killed_lab_leaves_no_process(start: Start) -> None:
    """SIGKILL gives the lab no time for anything; its reaper ends replicas and clients."""
    lab = start("smoke", *QUICK, LASTING, "server.runtime=gunicorn")
    port = lab.port()
    lab.await_answers()
    listening = listeners(port)
    assert len(processes_of(lab.place)) >= 6
    lab.process.kill()
    assert lab.finish() == -signal.SIGKILL
    # A process that is just ending still holds its sockets, but no longer lists its files.
    eventually(lambda: not processes_of(lab.place) and not listening & listeners(port))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["sigterm", "sigkill"])
def test_client_killed_in_the_restart_leaves_what_it_saw(
    number: signal.Signals, start: Start
) -> None:
    """Its requests are accounted for, the phases are reported, and the run is incomplete."""
    lab = start(
        "smoke", *QUICK, LASTING, *RESTART, "client.concurrency=40", "experiment.expect=any"
    )
    lab.await_answers()
    eventually(lambda: (lab.folder / "server-d.log").exists())
    lab.await_answers()
    client = lab.pid("-m long_lived.client")
    assert client is not None
    os.kill(client, number)
    assert lab.finish() == 1, lab.printed
    assert processes_of(lab.place) == {}
    record = lab.record
    assert record["verdict"]["finding"] == "incomplete"
    clients = lab.check_account()
    assert clients["requests"]["answered"] >= 40
    phases = record["effect"]["phases"]
    assert [phase["name"] for phase in phases][:2] == ["before", "during"]
    check_phases(record)


def test_replica_killed_from_outside_is_named(start: Start) -> None:
    """The report names a replica that ended on its own, and concludes nothing."""
    lab = start("smoke", *QUICK, "client.durationSeconds=4", "experiment.expect=any")
    lab.await_answers()
    replica = lab.pid("127.0.1.2:")
    assert replica is not None
    os.kill(replica, signal.SIGKILL)
    assert lab.finish() == 1, lab.printed
    record = lab.record
    lab.check_account()
    (problem,) = record["problems"]
    assert problem.startswith("server-b ended in the middle of the run with status -9")
    assert record["verdict"]["finding"] == "incomplete"
    assert problem.split(":")[0] in " ".join(lab.printed.split())
    assert set(record["server_counts"]) == {"server-a", "server-c"}
