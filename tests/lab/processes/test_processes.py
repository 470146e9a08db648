"""The processes of a run end with it, workers included."""

import os
import signal
from pathlib import Path

import pytest

from long_lived.lab.experiment.backend import Trouble
from long_lived.lab.processes.child import Processes

from .family import BOUND_SECONDS, FAMILY, await_end, exists, runs, worker


def test_end_of_the_run_kills_process_and_workers(tmp_path: Path) -> None:
    """At the end of the block no child runs, nor anything it started."""
    with Processes(tmp_path) as processes:
        child = processes.start("server-a", FAMILY)
        both = [child.pid, worker(child.log)]
        assert all(map(runs, both))
        reaper = processes._reaper.pid
    await_end([*both, reaper])
    assert child.status == -signal.SIGKILL


def test_error_in_the_run_kills_process_and_workers(tmp_path: Path) -> None:
    """However the block ends, no process is left."""
    with pytest.raises(ZeroDivisionError), Processes(tmp_path) as processes:
        child = processes.start("server-a", FAMILY)
        both = [child.pid, worker(child.log)]
        raise ZeroDivisionError
    await_end(both)


def test_worker_that_outlives_its_parent_is_killed(tmp_path: Path) -> None:
    """Workers that a finished child left behind end with the run."""
    with Processes(tmp_path) as processes:
        child = processes.start("server-a", ["sh", "-c", "sleep 600 & echo worker $!"])
        orphan = worker(child.log)
        assert child.wait(BOUND_SECONDS)
        assert runs(orphan)
    await_end([orphan])


def test_process_that_cannot_be_started_is_trouble(tmp_path: Path) -> None:
    """A missing folder, or a missing program, is one line for the user."""
    gone = r"^server-a cannot be started: .*server-a\.log"
    with Processes(tmp_path / "absent") as processes, pytest.raises(Trouble, match=gone):
        processes.start("server-a", FAMILY)
    missing = r"^server-a cannot be started: .*no-such-program"
    with Processes(tmp_path) as processes, pytest.raises(Trouble, match=missing):
        processes.start("server-a", ["no-such-program"])


@pytest.mark.parametrize(
    ("script", "status"),
    [("exit 7", 7), ("kill -TERM $$", -signal.SIGTERM), ("true", 0)],
    ids=["status", "signal", "success"],
)
def test_pid_of_an_ended_process_is_kept_until_it_is_reaped(
    script: str, status: int, tmp_path: Path
) -> None:
    """Polling a process does not free its pid: a signal would hit whoever gets it next."""
    with Processes(tmp_path) as processes:
        child = processes.start("server-a", ["sh", "-c", script])
        assert child.wait(BOUND_SECONDS)
        assert child.status == child.status == status
        child.signal(signal.SIGTERM)
        assert exists(child.pid)
        processes.stop([child], signal.SIGTERM, BOUND_SECONDS)
        assert not exists(child.pid)
        assert child.status == status


def test_reaped_process_is_signalled_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has its pid now is left alone."""
    with Processes(tmp_path) as processes:
        child = processes.start("server-a", FAMILY)
        processes.stop([child], signal.SIGKILL, BOUND_SECONDS)

        def send(*_: int) -> None:
            raise AssertionError("a signal was sent")

        monkeypatch.setattr(os, "kill", send)
        monkeypatch.setattr(os, "killpg", send)
        child.signal(signal.SIGTERM)
        child.kill()
        processes.stop([child], signal.SIGTERM, 0.0)


def test_stop_gives_time_to_end(tmp_path: Path) -> None:
    """A process that obeys its signal ends with its own status."""
    with Processes(tmp_path) as processes:
        script = "trap 'exit 7' TERM; sleep 600 & echo worker $!; wait"
        child = processes.start("server-a", ["sh", "-c", script])
        left = worker(child.log)
        processes.stop([child], signal.SIGTERM, BOUND_SECONDS)
        assert child.status == 7
        await_end([left])


def test_stop_kills_what_does_not_end_in_time(tmp_path: Path) -> None:
    """A process that ignores its signal is killed when time is up."""
    with Processes(tmp_path) as processes:
        script = "trap '' TERM; sleep 600 & echo worker $!; wait"
        child = processes.start("server-a", ["sh", "-c", script])
        left = worker(child.log)
        processes.stop([child], signal.SIGTERM, 0.1)
        assert child.status == -signal.SIGKILL
        await_end([left])


def test_stop_of_a_process_that_has_ended_keeps_its_status(tmp_path: Path) -> None:
    """A process that ended on its own is not signalled, and keeps its status."""
    with Processes(tmp_path) as processes:
        child = processes.start("client-1", ["sh", "-c", "exit 3"])
        assert child.wait(BOUND_SECONDS)
        processes.stop([child], signal.SIGTERM, 1)
        child.signal(signal.SIGTERM)
        assert child.status == 3
