"""Runs that the lab has made on a cluster, cut off by Ctrl-C: nothing of them goes on."""

import signal
from collections.abc import Callable

import pytest
from tests.lab.cluster.told.conftest import Lab
from tests.lab.cluster.told.kubectl import Told
from tests.lab.cluster.told.objects import JOB, client, deployment, ended, job, servers, waits
from tests.lab.logs.saved_logs import balanced

from long_lived.lab.cluster import backend

CutOff = Callable[..., str]


@pytest.fixture
def cut_off(told: Told, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> CutOff:
    """Make a run, interrupt it at the first look at its pods, and return the output."""
    monkeypatch.setattr(backend, "helm_install", lambda *_: None)
    monkeypatch.setattr(backend, "STOP_SECONDS", 1.0)

    def run(*, clients: int = 1) -> str:
        once = iter([signal.SIGINT])  # a second one would end the lab at once

        def interrupt() -> None:
            for number in once:
                signal.raise_signal(number)

        told.at_look = interrupt
        settings = ("--set", f"client.parallelism={clients}")
        where = ("--on", "cluster", "--out", str(lab.out))
        status, output = lab.do("run", "smoke", *where, *settings)
        assert status == 130, output
        return output

    return run


def test_client_that_has_just_started_is_told_to_stop(
    told: Told, lab: Lab, cut_off: CutOff
) -> None:
    """The last look did not show it; what it did is kept."""
    rest = [deployment(), job(), *servers()]
    told.objects = [*rest, client("c", waits("ContainerCreating"))]
    told.later = [[*rest, client("c")]]
    told.log("c", balanced())
    cut_off()
    assert told.called("delete") == [("pod", "c", "--wait=false")]
    assert lab.record["clients"]["requests"]["answered"] == 240


@pytest.mark.parametrize("come", [0, 1])
def test_clients_that_are_still_to_come_do_not(come: int, told: Told, cut_off: CutOff) -> None:
    """Without its Job, which could make them later, the clients that are there end, too."""
    there = [client("c")] * come
    told.objects = [deployment(), job(clients=2), *servers(), *there]
    told.log("c", balanced())
    output = cut_off(clients=2)
    assert f"{2 - come} of 2 client pods are gone or never started" in output
    assert told.called("delete") == [("job", JOB, "--wait=false")]


def test_clients_that_have_just_ended_are_left(told: Told, lab: Lab, cut_off: CutOff) -> None:
    """There is nobody to stop."""
    told.objects = [deployment(), job(), *servers(), client("c", ended())]
    told.log("c", balanced())
    cut_off()
    assert lab.record["problems"] == []
    assert told.called("delete") == []
    assert lab.record["clients"]["requests"]["answered"] == 240
