"""Each kind of event on a cluster, once; restarts have a module of their own."""

import pytest
from tests.cluster.place import Place
from tests.lab.cluster.runs.lab import QUICK, Lab, sets

EVENT = (
    *QUICK,
    *("server.runtime=gunicorn", "client.durationSeconds=45", "experiment.event.afterSeconds=4"),
)


def carried_out(kind: str, lab: Lab, *settings: str) -> str:
    """Run a scenario to a finding; return its output joined into one line."""
    status, output = lab.do(
        *("run", "smoke", "--on", "cluster", "--out", str(lab.out)),
        *sets(*EVENT, f"experiment.event.kind={kind}", *settings),
    )
    assert status == 0, output
    return " ".join(output.split())


def moves(lab: Lab) -> list[tuple[bool, bool]]:
    """Tell of each change whether something went, and whether something came."""
    return [(one["old"] is not None, one["new"] is not None) for one in lab.record["events"]]


@pytest.mark.parametrize(
    ("kind", "count", "change"),
    [("scale-up", 5, (False, True)), ("scale-down", 1, (True, False))],
)
def test_deployment_is_scaled_and_scaled_back(
    kind: str, count: int, change: tuple[bool, bool], place: Place, lab: Lab
) -> None:
    """Pods come or go for good, the user is told, and the Deployment ends as the chart made it."""
    output = carried_out(kind, lab)
    assert moves(lab) == [change, change]
    assert lab.record["effect"]["kind"] == kind
    assert len(lab.record["server_counts"]) == count
    assert f"the lab scaled the Deployment from 3 to {count} (kubectl scale), and back" in output
    (deployment,) = place.cluster.all("Deployment")
    assert deployment["spec"]["replicas"] == 3


def test_rollout_replaces_all_pods_as_the_strategy_says(place: Place, lab: Lab) -> None:
    """No original pod remains, and a new one was ready before the last of them went."""
    carried_out("rollout", lab)
    effect = lab.record["effect"]
    assert sorted(moves(lab)) == [(False, True)] * 3 + [(True, False)] * 3
    assert (effect["kind"], effect["survivors"]) == ("rollout", [])
    assert set(effect["came"]) == set(place.pods("server"))
    assert len(effect["stopped"]) == 3


def test_crash_leaves_the_pods_and_starts_their_servers_again(place: Place, lab: Lab) -> None:
    """The newest pods keep their names, and each restarts once."""
    output = carried_out("crash", lab, "experiment.maxFailedRatio=1")
    assert lab.record["effect"]["kind"] == "in place"
    assert sorted(place.pods("server")) == sorted(lab.record["replicas"])
    assert all(one["old"] == one["new"] for one in lab.record["events"])
    assert len(lab.record["events"]) == output.count("restarted in place at") == 2


def test_crash_that_is_not_allowed_makes_the_run_incomplete(place: Place, lab: Lab) -> None:
    """Without the right to exec nothing crashes, and the run does not claim otherwise."""
    place.cluster.mishaps.forbidden = "exec"
    status, output = lab.do(
        *("run", "smoke", "--on", "cluster", "--out", str(lab.out)),
        *sets(*EVENT, "client.durationSeconds=8", "experiment.event.kind=crash"),
    )
    assert status == 1, output
    words = " ".join(output.split())
    assert "incomplete: the crash failed: " in words
    assert 'cannot create resource "pods/exec"' in words
