"""Signals to `long-lived run`, its clients and its replicas: results are kept, nothing is left."""

import os
import signal
import subprocess

from tests.lab.commands.lab import FEW, LASTING, RESTART, Start, check_phases, processes_of
from tests.sockets import listeners
from tests.waiting import eventually


def test_signal_in_mid_run_ends_it_with_its_results(start: Start) -> None:
    """Ctrl-C and SIGTERM stop the clients; every request is accounted for."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    labs = [start("smoke", *FEW, "server.replicas=2", LASTING) for _ in numbers]
    for number, lab in zip(numbers, labs, strict=True):
        port = lab.port()
        lab.await_answers()
        listening = listeners(port)
        assert listening
        lab.stop(number)
        clients, record = lab.check_account(), lab.record
        assert clients["stopped_by"] == number.name
        assert clients["requests"]["answered"] >= 20
        assert record["verdict"]["finding"] == "incomplete"
        assert f"a client was stopped by {number.name}" in record["verdict"]["words"]
        assert lab.printed.endswith((lab.folder / "report.txt").read_text(encoding="utf-8"))
        assert not listening & listeners(port)


def test_reader_that_goes_away_loses_no_results(start: Start) -> None:
    """Ctrl-C in `long-lived run | tee log` ends tee as well; the results are kept all the same."""
    lab = start("smoke", *FEW, LASTING, stdout=subprocess.PIPE)
    assert lab.process.stdout is not None
    lab.await_answers()
    lab.process.stdout.close()
    # The next line of progress finds no reader, and the lab writes nowhere from then on.
    eventually(lambda: os.readlink(f"/proc/{lab.process.pid}/fd/1") == os.devnull)
    lab.stop()
    assert lab.errors == ""
    assert lab.check_account()["stopped_by"] == "SIGINT"
    assert (lab.folder / "report.txt").exists()


def test_signal_before_the_clients_start_is_reported(start: Start) -> None:
    """A run stopped while replicas start says that there is no summary, and leaves nothing."""
    lab = start("smoke", *FEW, LASTING)
    eventually(lambda: lab.pid("-m long_lived.server"))
    lab.stop()
    assert lab.record["verdict"]["finding"] == "incomplete"


def test_killed_lab_leaves_no_process(start: Start) -> None:
    """SIGKILL gives the lab no time for anything; its reaper ends replicas and clients."""
    lab = start("smoke", *FEW, "server.replicas=2", LASTING, "server.runtime=gunicorn")
    port = lab.port()
    lab.await_answers()
    listening = listeners(port)
    assert len(processes_of(lab.place)) >= 6
    lab.process.kill()
    assert lab.finish() == -signal.SIGKILL
    # A process that is just ending still holds its sockets, but no longer lists its files.
    eventually(lambda: not processes_of(lab.place) and not listening & listeners(port))


def test_client_killed_in_the_restart_leaves_what_it_saw(start: Start) -> None:
    """Its requests are accounted for, the phases are reported, and the run is incomplete."""
    numbers = (signal.SIGTERM, signal.SIGKILL)
    restart = (*RESTART, "experiment.event.count=1", "server.replicas=2")
    labs = [start("smoke", *FEW, LASTING, *restart) for _ in numbers]
    for number, lab in zip(numbers, labs, strict=True):
        lab.await_answers()
        eventually(lambda lab=lab: (lab.folder / "server-c.log").exists())
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
