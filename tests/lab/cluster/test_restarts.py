"""Restarts that others made, found in the pods left after the run and in the answers."""

from dataclasses import replace

from tests.lab.cluster.test_server_pods import POD, following
from tests.lab.runs import NEW, READY_SECONDS, SERVERS, START, STOP_SECONDS, restarted

from long_lived.lab.analysis.events.change import Change
from long_lived.lab.cluster.pods import Pod
from long_lived.lab.cluster.servers.restarts import Restarts

LAG_SECONDS = 5.0
"""How far the cluster's clock is behind the lab's, which is the run's."""


def pod(name: str, created: float, ready: float | None = None) -> Pod:
    """Make a pod, with times on the clients' clock."""
    there = START - LAG_SECONDS
    since = None if ready is None else there + ready
    return replace(POD, name=name, created_unix_seconds=there + created, ready_unix_seconds=since)


def restarts(*pods: Pod) -> Restarts:
    """Look for restarts in a run that left these pods."""
    servers, _ = following()
    servers.take(list(pods), START, begun=True)
    run, _ = restarted(heals=True)
    return Restarts(run.summary(), servers, LAG_SECONDS)


OLDEST = pod(SERVERS[0], -60, -58)


def test_pods_younger_than_the_run_are_replacements() -> None:
    """Times are the pods' own, on the lab's clock; one pod may not be ready yet."""
    found = restarts(
        OLDEST, pod(NEW[0], STOP_SECONDS, READY_SECONDS), pod(NEW[1], STOP_SECONDS + 1)
    )
    assert found.by_others() == [
        Change(START + STOP_SECONDS, SERVERS[1], None, NEW[0], START + READY_SECONDS),
        Change(START + STOP_SECONDS + 1, SERVERS[2], None, NEW[1], None),
    ]


def test_pods_that_are_gone_altogether_are_inferred_from_the_answers() -> None:
    """If the cluster does not know the new pods either, what the clients saw decides."""
    found = restarts(OLDEST).by_others()
    assert [(one.old, one.new) for one in found] == [*zip(SERVERS[1:], NEW, strict=True)]
    assert all(one.inferred for one in found)


def test_pods_that_all_remain_were_not_restarted() -> None:
    """A pod older than the run that is still there replaced nobody."""
    found = restarts(*(pod(name, -60, -58) for name in (*SERVERS, *NEW)))
    assert found.by_others() == []
