"""Who is stopped, who comes, and when, on one machine: processes that only listen."""

import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from tests.waiting import eventually

from long_lived.lab.local.replica import Replica
from long_lived.lab.local.turnover import Turnover
from long_lived.lab.processes.child import Processes
from long_lived.settings import load

STAND_IN = ["sleep", "600"]


class Stand:
    """Replicas that sleep; the test decides which of them listen."""

    def __init__(self, processes: Processes, asking: ThreadPoolExecutor, *settings: str) -> None:
        given = ["experiment.event.replacementSeconds=0", *settings]
        self.replicas: dict[str, Replica] = {}
        self.heard: set[tuple[str, int]] = set()
        self._processes, self._asking = processes, asking
        self.turnover = Turnover(self.replicas, self.start, load([], given, {}))
        for _ in range(3):
            self.start(None)

    def start(self, name: str | None) -> Replica:
        name = name or "abcdefghij"[len(self.replicas)]
        child = self._processes.start(name, STAND_IN)
        replica = Replica(name, "127.0.0.1", 1000 + ord(name), child, self._asking)
        self.replicas[name] = replica
        return replica

    def look(self) -> bool:
        """Tick once; tell whether every change is over."""
        assert self.turnover.look(self.heard) == []
        return self.turnover.settled()

    def all_listen(self) -> bool:
        """Make every replica listen, and tick."""
        self.heard = {replica.address for replica in self.replicas.values()}
        return self.look()

    @property
    def moves(self) -> list[tuple[str | None, str | None]]:
        """Return who went and who came, change by change."""
        return [(one.old, one.new) for one in self.turnover.changes]


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Callable[..., Stand]]:
    """Make such replicas; each ends with the test."""
    with Processes(tmp_path) as processes, ThreadPoolExecutor(1) as asking:
        yield lambda *settings: Stand(processes, asking, *settings)


def test_replacement_is_ready_when_it_listens(stand: Callable[..., Stand]) -> None:
    """It has its own name, and is ready once it listens at its own address."""
    here = stand()
    here.turnover.restart(["b"], "graceful")
    eventually(lambda: here.look() or here.moves == [("b", "d")])
    assert not here.look()
    eventually(here.all_listen)
    (one,) = here.turnover.changes
    assert one.began_unix_seconds <= one.ready_unix_seconds  # type: ignore[operator]
    assert here.turnover.serving() == ["a", "c", "d"]


@pytest.mark.parametrize(
    ("how", "number"), [("graceful", signal.SIGTERM), ("kill", signal.SIGKILL)]
)
def test_stop_is_by_its_signal(how: str, number: int, stand: Callable[..., Stand]) -> None:
    """A restart lets a replica drain, a kill does not."""
    here = stand()
    before = here.replicas["c"].child
    here.turnover.restart(["c"], how)  # type: ignore[arg-type]
    eventually(here.all_listen)
    eventually(lambda: before.status == -number)


def test_crashed_replica_comes_back_under_its_name(stand: Callable[..., Stand]) -> None:
    """Another process takes over the name and address of the killed one."""
    here = stand()
    before = here.replicas["b"]
    here.turnover.crash(["b"])
    assert here.turnover.serving() == ["a", "c"]
    eventually(here.all_listen)
    after = here.replicas["b"]
    assert (before.child.status, after.child.status) == (-signal.SIGKILL, None)
    assert (after.address, here.moves) == (before.address, [("b", "b")])
    assert here.turnover.serving() == ["a", "b", "c"]


def test_added_replicas_replace_nobody(stand: Callable[..., Stand]) -> None:
    """A scale-up is over when all new replicas are ready."""
    here = stand()
    here.turnover.add(2)
    assert not here.turnover.settled()
    eventually(here.all_listen)
    assert here.moves == [(None, "d"), (None, "e")]
    assert here.turnover.serving() == [*"abcde"]


def test_removed_replicas_are_the_newest_and_stay_away(stand: Callable[..., Stand]) -> None:
    """A scale-down is over when the stopped replicas have ended."""
    here = stand()
    here.turnover.remove(2)
    assert not here.turnover.settled()
    eventually(here.look)
    assert here.moves == [("b", None), ("c", None)]
    assert here.turnover.serving() == ["a"]


def test_rollout_replaces_all_in_turn(stand: Callable[..., Stand]) -> None:
    """One new replica starts at a time, and an old one stops as soon as it is ready."""
    here = stand()
    here.turnover.roll_out()
    for there in ("abcd", "bcde", "cdef", "def"):
        # Readiness is known before the next tick acts on it.
        eventually(lambda there=there: here.look() or here.turnover.serving() == [*there])
        assert not here.look() or there == "def"
        here.all_listen()
    eventually(here.look)
    assert here.turnover.serving() == [*"def"]
    assert sorted(here.moves, key=str) == sorted(
        [("a", None), ("b", None), ("c", None), (None, "d"), (None, "e"), (None, "f")], key=str
    )


def test_rollout_that_is_not_over_says_so(stand: Callable[..., Stand]) -> None:
    """Changes that have not begun are listed: half a rollout must not pass for a whole one."""
    here = stand()
    here.turnover.roll_out()
    here.look()
    assert len(here.turnover.changes) == 6
    assert not here.turnover.settled()


def test_replica_that_does_not_end_is_killed_after_its_grace(stand: Callable[..., Stand]) -> None:
    """One that ignores SIGTERM has the drain and some seconds more."""
    here = stand("server.gracefulTimeoutSeconds=0", "server.runtime=flask")
    child = here.replicas["c"].child
    # A suspended process ignores SIGTERM, but not SIGKILL. Of two that wait SIGTERM would be first.
    child.signal(signal.SIGSTOP)
    eventually(lambda: psutil.Process(child.pid).status() == psutil.STATUS_STOPPED)
    here.turnover.remove(1)
    (one,) = here.turnover.changes
    one.began_unix_seconds -= 3600
    eventually(here.look)
    assert child.status == -signal.SIGKILL
