"""Results that cannot be saved: one line after the verdict, which is printed as always."""

import errno
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.lab.commands.lab import (
    QUICK,
    RESTART,
    Lab,
    Start,
    arguments_of,
    finished,
    processes_of,
    starter,
)
from tests.lab.logs.saved_logs import balanced
from tests.lab.records import saved
from tests.lab.runs import plain

from long_lived.lab.cluster.pod_logs import PodLogs
from long_lived.lab.commands.running import one_run
from long_lived.lab.experiment.course import conclude
from long_lived.lab.experiment.outcome import Outcome
from long_lived.lab.processes.child import Processes
from long_lived.lab.results.origin import origin_here


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start labs; each ends with the test."""
    with starter(tmp_path) as begin:
        yield begin


def lab(*arguments: str, most_bytes: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command with no file allowed to grow beyond so many bytes."""

    def limit() -> None:
        if most_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))

    # What Python compiles would be cut off, too, and break whoever comes next.
    command = ["env", "PYTHONDONTWRITEBYTECODE=1", sys.executable, "-m", "long_lived.lab"]
    done = finished([*command, *arguments], preexec_fn=limit)
    assert "Traceback" not in done.stderr
    return done


def test_verdict_is_printed_where_no_file_can_be_written(tmp_path: Path) -> None:
    """The verdict on a log is shown; the exit status says that it was not saved."""
    log = saved(tmp_path, "client.log", balanced())
    done = lab("verify", "--out", str(tmp_path / "out"), "--from-log", str(log), most_bytes=100)
    assert done.returncode == 1
    assert "\nverdict      even, as expected" in done.stdout
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"long-lived: error: {tmp_path}/out/")
    assert line.endswith(f" lacks some of the results: {os.strerror(errno.EFBIG)}")


def test_run_on_a_disk_that_fills_up_ends_with_what_was_seen(tmp_path: Path) -> None:
    """The client's log ends early: its lines are counted, and the run is incomplete."""
    done = lab(
        *("run", "smoke", "--out", str(tmp_path / "out")),
        *arguments_of((*QUICK, "client.requestsPerUser=3")),
        most_bytes=5_000,
    )
    assert done.returncode == 1
    assert "\nverdict      incomplete: client-1 left no summary" in done.stdout
    assert "\ncounts server-name\n" in done.stdout
    (line,) = done.stderr.splitlines()
    assert line.endswith(f" lacks some of the results: {os.strerror(errno.EFBIG)}")
    assert processes_of(tmp_path) == {}


def test_run_that_cannot_begin_says_why(tmp_path: Path) -> None:
    """No process can start without its values file, and the verdict says so."""
    done = lab("run", "smoke", "--out", str(tmp_path / "out"), most_bytes=0)
    assert done.returncode == 1
    assert "\nverdict      incomplete: " in done.stdout
    assert os.strerror(errno.EFBIG) in " ".join(done.stdout.split())
    assert len(done.stderr.splitlines()) == 1
    assert processes_of(tmp_path) == {}


def test_results_removed_in_the_middle_of_a_run_leave_its_verdict(start: Start) -> None:
    """No replacement can start; the clients' summaries come from open, deleted files."""
    running: Lab = start("smoke", *QUICK, "client.durationSeconds=8", *RESTART)
    running.await_answers()
    folder = running.folder
    shutil.rmtree(running.out)
    assert running.finish() == 1
    words = " ".join(running.printed.split())
    assert "verdict incomplete: server-d cannot be started: " in words
    assert words.count("server-d cannot be started") == 1
    assert "counts server-name" in words
    assert running.errors == (
        f"long-lived: error: {folder} lacks some of the results: {os.strerror(errno.ENOENT)}\n"
    )
    assert processes_of(running.place) == {}


def test_results_are_kept_without_symbolic_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where `latest` cannot be a link the lab says so, and uses the folder."""

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(Path, "symlink_to", refuse)
    folder = one_run.new_folder(tmp_path, "smoke")
    assert [entry.name for entry in tmp_path.iterdir()] == [folder.name]
    assert capsys.readouterr().err == (
        f"long-lived: error: {tmp_path}/latest does not point to {folder.name}: "
        "Operation not permitted\n"
    )


def test_folder_that_is_gone_at_the_end_is_status_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A passing verdict that is not saved is a failure; a signal's status takes precedence."""
    seen = Outcome(plain({"server-a": 500, "server-b": 500}), ["server-a", "server-b"])
    assert one_run.deliver(conclude(seen, tmp_path), tmp_path, origin_here()) == 0
    gone = tmp_path / "gone"
    assert one_run.deliver(conclude(seen, gone), gone, origin_here()) == 1
    seen.stopped_by = 15
    assert one_run.deliver(conclude(seen, gone), gone, origin_here()) == 143
    shown = capsys.readouterr()
    assert shown.out.count("\nverdict ") == 3
    assert shown.err.count("gone lacks some of the results: No such file or directory\n") == 2


class OnePod:
    """A release with the log of one pod."""

    def log(self, _: str) -> str:
        """Return the log."""
        return "".join(f"{line}\n" for line in balanced())


def test_log_of_a_pod_is_read_where_it_cannot_be_kept(tmp_path: Path) -> None:
    """Losing the folder does not lose what the cluster still has."""
    logs = PodLogs(OnePod(), Processes(tmp_path), tmp_path / "gone")  # type: ignore[arg-type]
    log = logs.final("client-abcde")
    assert log is not None
    assert log.answered.total() == 240
    assert log.summary is not None
