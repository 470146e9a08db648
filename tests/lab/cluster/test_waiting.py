"""Waiting for the pods of a run: what is said meanwhile, and when the lab gives up."""

from dataclasses import dataclass, field, replace

import pytest
from tests.lab.cluster.pod import READY

from long_lived.lab.cluster.pods import Pod
from long_lived.lab.cluster.release import Job
from long_lived.lab.cluster.waiting import REFUSED, SLOW_SECONDS, STUCK_SECONDS, Waiting

JOB = Job("job", "uid", 0.0, clients=1, finished=False)
PENDING = replace(READY, ready_unix_seconds=None, started=False)
NO_NODE = replace(PENDING, obstacle="Unschedulable: no")
BROKEN = replace(PENDING, obstacle="ErrImagePull: no", stuck=True)
PATIENCE = 300.0


@dataclass
class FakeRelease:
    """What the cluster would say of a release and its events, and what it was asked."""

    servers: str = ""
    clients: str = ""
    event: str = ""
    asked: list[str] = field(default_factory=list)

    def servers_refused(self) -> str:
        self.asked.append("servers")
        return self.servers

    def newest(self, uid: str, which: str) -> str:
        self.asked.append(f"{uid} {which}")
        return self.clients if which == REFUSED else self.event


class Clock:
    """A clock that the test sets."""

    at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still."""
    return Clock()


def waiting(clock: Clock, **said: str) -> tuple[Waiting, FakeRelease]:
    """Wait for a release of which the cluster says this."""
    release = FakeRelease(**said)
    return Waiting(release, release, clock), release  # type: ignore[arg-type]


def test_nothing_is_said_or_asked_once_all_are_there(clock: Clock) -> None:
    """A client that has started and servers that are ready need no more calls."""
    made, release = waiting(clock)
    made.look(JOB, [READY], [READY, READY], 2)
    assert (made.note, made.reason, release.asked) == ("", "", [])
    clock.at += 10 * PATIENCE
    assert made.given_up(PATIENCE) is None


@pytest.mark.parametrize(("servers", "missing"), [([], 1), ([READY], 0), ([READY, PENDING], 1)])
def test_servers_of_an_autoscaler_are_awaited_however_many(
    servers: list[Pod], missing: int, clock: Clock
) -> None:
    """Nobody knows how many there will be: at least one, and all that exist."""
    made, _ = waiting(clock)
    made.look(JOB, [READY], servers, None)
    assert bool(made.note) == bool(missing)


def test_client_that_has_ended_is_not_waited_for(clock: Clock) -> None:
    """It was there, however it ended."""
    made, _ = waiting(clock)
    made.look(JOB, [replace(PENDING, exit_status=1)], [READY], 1)
    assert made.note == ""


def test_pods_that_are_merely_slow_are_counted(clock: Clock) -> None:
    """Where the cluster gives no reason, numbers say what is missing."""
    made, _ = waiting(clock)
    made.look(JOB, [replace(PENDING, created_unix_seconds=clock.at)], [READY], 2)
    assert made.note == "waiting for pods: 1 of 2 servers are ready, 0 of 1 clients have started"
    assert made.reason == ""


@pytest.mark.parametrize(
    ("clients", "servers", "said", "reason"),
    [
        ([READY], [NO_NODE], {}, "server pod one: Unschedulable: no"),
        ([BROKEN], [READY], {}, "client pod one: ErrImagePull: no"),
        ([BROKEN], [NO_NODE], {}, "server pod one: Unschedulable: no"),
        ([READY], [], {"servers": "FailedCreate: no"}, "server pods are refused: FailedCreate: no"),
        ([], [READY], {"clients": "FailedCreate: no"}, "client pods are refused: FailedCreate: no"),
        ([PENDING], [READY], {"event": "FailedMount: no"}, "client pod one: FailedMount: no"),
        ([READY], [PENDING], {"event": "Unhealthy: no"}, "server pod one: Unhealthy: no"),
        ([READY], [PENDING], {}, ""),
    ],
    ids=["server", "client", "both", "no-server", "no-client", "slow", "not-ready", "no-word"],
)
def test_reason_is_found_where_the_cluster_keeps_it(
    clients: list[Pod], servers: list[Pod], said: dict[str, str], reason: str, clock: Clock
) -> None:
    """In the pods, in the controllers that should have made them, or in the newest event."""
    made, _ = waiting(clock, **said)
    made.look(JOB, clients, servers, 1)
    assert made.reason == reason
    assert made.note == reason or not reason


@pytest.mark.parametrize(
    ("age", "asked"), [(SLOW_SECONDS, []), (SLOW_SECONDS + 1, ["1 type=Warning"])]
)
def test_young_pod_is_asked_for_no_events(age: float, asked: list[str], clock: Clock) -> None:
    """Every call costs, and a pod on its way needs none."""
    made, release = waiting(clock)
    made.look(JOB, [replace(PENDING, created_unix_seconds=clock.at - age)], [READY], 1)
    assert release.asked == asked


@pytest.mark.parametrize(
    ("pod", "patience", "bound"),
    [(NO_NODE, PATIENCE, PATIENCE), (BROKEN, PATIENCE, STUCK_SECONDS), (BROKEN, 9.0, 9.0)],
    ids=["may-mend", "stuck", "impatient"],
)
def test_wait_is_given_up_after_its_bound(
    pod: Pod, patience: float, bound: float, clock: Clock
) -> None:
    """A node may still come, a missing image hardly; the lab waits no longer than the client."""
    made, _ = waiting(clock)
    made.look(JOB, [pod], [READY], 1)
    clock.at += bound
    assert made.given_up(patience) is None
    clock.at += 1
    given_up = made.given_up(patience)
    assert (
        given_up
        == f"the run did not begin within {bound + 1:.0f} s: client pod one: {pod.obstacle}"
    )


def test_crash_loop_is_given_up_though_the_server_runs_in_between(clock: Clock) -> None:
    """Only a complete set of pods ends the wait."""
    made, _ = waiting(clock)
    made.look(JOB, [READY], [BROKEN], 1)
    clock.at += STUCK_SECONDS
    made.look(JOB, [READY], [PENDING], 1)
    clock.at += 1
    assert made.given_up(PATIENCE)
    made.look(JOB, [READY], [READY], 1)
    assert made.given_up(PATIENCE) is None
