"""What the lab asks of kubectl when an event is due, and what it says where that is refused."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cluster.kinds import Object
from tests.lab.cluster.told.kubectl import NAMESPACE, Told
from tests.lab.cluster.told.objects import DEPLOYMENT, client, deployment, ended, job, server
from tests.lab.logs.saved_logs import balanced
from tests.waiting import eventually

from long_lived.lab.cluster.backend import ClusterBackend
from long_lived.lab.cluster.servers.kill import kill_command
from long_lived.lab.cluster.tools.kubectl import Place

PORT = 8080
NO_EXEC = (
    'Error from server (Forbidden): pods "b" is forbidden: User "jane" cannot create resource '
    '"pods/exec" in API group "" in the namespace "default"'
)
KILLED = "command terminated with exit code 137"
DELETED = "--wait=false"
FORCED = (DELETED, "--grace-period=0", "--force")


def servers(names: str) -> list[Object]:
    """Return ready pods, each with a letter for a name."""
    return [server(name) for name in names]


def state(*pods: Object, run: Object | None = None) -> list[Object]:
    """Return all there is."""
    return [deployment(port=PORT), job(), run or client("c"), *pods]


@pytest.fixture
def backend(
    told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ClusterBackend]:
    """Watch a run of three servers that has begun."""
    monkeypatch.setattr("long_lived.lab.cluster.backend.RESTART_LOOK_SECONDS", 0.0)
    told.objects = state(*servers("abc"))
    told.values = f"server: {{port: {PORT}}}"
    told.log("c", balanced(replicas=("a", "b", "c")))
    folder = tmp_path / "results"
    folder.mkdir()
    with ClusterBackend("demo", Place(NAMESPACE), folder) as made:
        made.start(lambda _: None)
        look_until_begun(made)
        assert made.serving() == ["a", "b", "c"]
        yield made


def look_until_begun(backend: ClusterBackend) -> None:
    """Look until the client's log has been read."""

    def begun() -> bool:
        backend.look()
        return backend.clock_started_unix_seconds() is not None

    eventually(begun)
    backend.look()


def over(told: Told, *pods: Object) -> None:
    """Have the run end, with these servers."""
    told.objects = state(*pods, run=client("c", ended()))


@pytest.mark.parametrize(("count", "left"), [(2, "abcde"), (-2, "a")], ids=["up", "down"])
def test_deployment_is_scaled_and_scaled_back(
    count: int, left: str, told: Told, backend: ClusterBackend
) -> None:
    """Pods come or go for good, the user is told, and the Deployment ends as the chart made it."""
    (backend.add if count > 0 else backend.remove)(abs(count))
    assert not backend.settled()
    told.objects = state(*servers(left))
    backend.look()
    assert backend.settled()
    over(told, *servers(left))
    seen = backend.collect()
    moves = [(one.old is not None, one.new is not None) for one in seen.changes]
    assert moves == [(count < 0, count > 0)] * 2
    assert told.called("scale") == [
        (f"deployment/{DEPLOYMENT}", f"--replicas={3 + count}"),
        (f"deployment/{DEPLOYMENT}", "--replicas=3"),
    ]
    words = f"the lab scaled the Deployment from 3 to {3 + count} (kubectl scale), and back"
    assert sum(words in one for one in seen.remarks) == 1


def test_deployment_that_cannot_be_scaled_makes_the_run_incomplete(
    told: Told, backend: ClusterBackend
) -> None:
    """The run does not claim otherwise, and nothing is scaled back."""
    told.refused["scale"] = "forbidden"
    backend.add(2)
    over(told, *servers("abc"))
    assert "the scaling failed: kubectl: forbidden" in backend.collect().problems
    assert len(told.called("scale")) == 1


def test_rollout_is_over_when_all_pods_are_replaced(told: Told, backend: ClusterBackend) -> None:
    """The cluster is told once, and each departure and arrival is a change."""
    backend.roll_out()
    assert told.called("rollout") == [("restart", f"deployment/{DEPLOYMENT}")]
    told.objects = state(*servers("bcx"))
    backend.look()
    assert not backend.settled()
    told.objects = state(*servers("xyz"))
    backend.look()
    assert backend.settled()
    changes = [(one.old or "", one.new or "") for one in backend.collect().changes]
    assert sorted(changes) == [*(("", one) for one in "xyz"), *((one, "") for one in "abc")]


def test_restart_deletes_and_waits_for_replacements(told: Told, backend: ClusterBackend) -> None:
    """The pods get their grace period."""
    backend.restart(["b", "c"], "graceful")
    assert told.called("delete") == [("pod", "b", "c", DELETED)]
    assert told.called("exec") == []
    told.objects = state(*servers("axy"))
    backend.look()
    assert [(one.old, one.new) for one in backend.collect().changes] == [("b", "x"), ("c", "y")]


def test_kill_is_done_from_within_and_the_pods_are_deleted(
    told: Told, backend: ClusterBackend
) -> None:
    """kubectl's words for a command that went with its container mean that it worked."""
    told.refused["exec"] = KILLED
    backend.restart(["b", "c"], "kill")
    command = ("--container", "server", "--", *kill_command(PORT))
    assert sorted(told.called("exec")) == [("b", *command), ("c", *command)]
    assert told.called("delete") == [("pod", "b", "c", *FORCED)]
    seen = backend.collect()
    assert not any("killed" in one for one in seen.remarks + seen.problems)


@pytest.mark.parametrize(
    ("refused", "why"),
    [({"exec": NO_EXEC}, f"kubectl: {NO_EXEC}"), ({}, "the server is still running")],
    ids=["forbidden", "in-vain"],
)
def test_kill_that_fails_says_what_happened_instead(
    refused: dict[str, str], why: str, told: Told, backend: ClusterBackend
) -> None:
    """The pods are deleted by force all the same, which is not a kill."""
    told.refused |= refused
    backend.restart(["b", "c"], "kill")
    assert told.called("delete") == [("pod", "b", "c", *FORCED)]
    instead = "not killed, but ended by SIGTERM and SIGKILL some 2 s later"
    remarks = [one for one in backend.collect().remarks if instead in one]
    assert remarks == [f"{instead}: {pod}: {why}" for pod in "bc"]


def test_crash_leaves_the_pods_and_waits_for_their_servers(
    told: Told, backend: ClusterBackend
) -> None:
    """The pods keep their names; each server ends, and its container starts again."""
    told.refused["exec"] = KILLED
    backend.crash(["b", "c"])
    assert told.called("delete") == []
    backend.look()
    assert not backend.settled(), "none has restarted yet"
    told.objects = state(server("a"), *(server(one, restartCount=1) for one in "bc"))
    backend.look()
    assert backend.settled()
    seen = backend.collect()
    assert [(one.old, one.new) for one in seen.changes] == [("b", "b"), ("c", "c")]
    assert not any("crash" in one for one in seen.problems)


def test_crash_that_is_not_allowed_makes_the_run_incomplete(
    told: Told, backend: ClusterBackend
) -> None:
    """Without the right to exec nothing crashes, and the run does not claim otherwise."""
    told.refused["exec"] = NO_EXEC
    backend.crash(["b"])
    assert f"the crash failed: b: kubectl: {NO_EXEC}" in backend.collect().problems
