"""Processes of a run: each ends with it, workers included, also when the lab itself is killed."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from tests.waiting import eventually

from long_lived.lab.experiment.backend import Trouble
from long_lived.lab.processes.child import Processes, python

BOUND_SECONDS = 30
FAMILY = ["sh", "-c", "sleep 600 & echo worker $!; wait"]
"""A process with a worker, whose number it logs."""


def runs(pid: int) -> bool:
    """Tell whether a process runs: it exists, and is no zombie that nobody has reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def await_end(pids: Iterable[int]) -> None:
    """Wait until none of these runs: a kill is obeyed soon, but not at once."""
    eventually(lambda: not any(map(runs, pids)))


def worker(log: Path) -> int:
    """Wait for the worker's number in a log."""

    def logged() -> re.Match[str] | None:
        return re.search(r"worker (\d+)\n", log.read_text()) if log.exists() else None

    return int(eventually(logged)[1])


def test_end_of_the_run_kills_process_and_workers(tmp_path: Path) -> None:
    """At the end of the block nothing runs, also nothing that a child has started."""
    with Processes(tmp_path) as processes:
        child = processes.start("server-a", FAMILY)
        both = [child.pid, worker(child.log)]
        assert all(map(runs, both))
        reaper = processes._reaper.pid
    await_end([*both, reaper])
    assert child.status == -signal.SIGKILL


def test_error_in_the_run_kills_process_and_workers(tmp_path: Path) -> None:
    """However the block ends, nothing is left."""
    with pytest.raises(ZeroDivisionError), Processes(tmp_path) as processes:
        child = processes.start("server-a", FAMILY)
        both = [child.pid, worker(child.log)]
        raise ZeroDivisionError
    await_end(both)


def test_worker_that_outlives_its_parent_is_killed(tmp_path: Path) -> None:
    """A child that has ended may leave workers: they end with the run."""
    with Processes(tmp_path) as processes:
        child = processes.start("server-a", ["sh", "-c", "sleep 600 & echo worker $!"])
        orphan = worker(child.log)
        assert child.wait(BOUND_SECONDS)
        assert runs(orphan)
    await_end([orphan])


LAB = """
import sys, time
from pathlib import Path
from long_lived.lab.experiment.backend import Trouble
from long_lived.lab.processes.child import Processes, python
with Processes(Path(sys.argv[1])) as processes:
    stopped = processes.start("stopped", ["sleep", "600"])
    processes.stop([stopped], 15, 10)
    first = processes.start("first", ["sh", "-c", "sleep 600 & echo worker $!; wait"])
    second = processes.start("second", ["sleep", "600"])
    print(first.pid, second.pid, processes._reaper.pid, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def lab(tmp_path: Path):
    """Run a small lab in a process of its own; yield it with the numbers of what it started."""
    process = subprocess.Popen(
        [sys.executable, "-c", LAB, str(tmp_path)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    started: list[int] = []
    try:
        started += map(int, process.stdout.readline().split())
        yield process, [*started[:2], worker(tmp_path / "first.log")], started[2]
    finally:
        for group in [process.pid, *started]:
            try:
                os.killpg(group, signal.SIGKILL)
            except ProcessLookupError:
                pass
        process.wait(BOUND_SECONDS)
        process.stdout.close()


def test_reaper_kills_what_a_killed_lab_leaves(lab) -> None:
    """SIGKILL on the lab leaves no process: neither children nor workers nor the reaper."""
    process, started, reaper = lab
    assert all(map(runs, [*started, reaper]))
    process.kill()
    await_end([*started, reaper])


def test_reaper_outlives_the_signals_of_a_terminal(lab) -> None:
    """Ctrl-C and a hang-up reach the reaper, too: it stays until the lab is gone."""
    process, started, reaper = lab

    def ignores_signals() -> bool:
        ignored = re.search(r"SigIgn:\s+(\w+)", Path(f"/proc/{reaper}/status").read_text())[1]
        wanted = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        return all(int(ignored, 16) >> (number - 1) & 1 for number in wanted)

    eventually(ignores_signals)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(reaper, number)
    assert runs(reaper)
    process.kill()
    await_end([*started, reaper])


def test_run_whose_reaper_is_killed_still_cleans_up(tmp_path: Path) -> None:
    """Without its reaper the lab goes on, and leaves nothing."""
    with Processes(tmp_path) as processes:
        children = [processes.start(name, FAMILY) for name in ("server-a", "server-b")]
        everyone = [pid for child in children for pid in (child.pid, worker(child.log))]
        processes._reaper.kill()
        processes._reaper.wait(BOUND_SECONDS)
        late = processes.start("server-c", FAMILY)
        everyone += [late.pid, worker(late.log)]
    await_end(everyone)


BROKEN = {
    "ends": ("exit 1", "it says nothing"),
    "traceback": ("echo Traceback:; echo '  file'; echo 'NameError: x'", "NameError: x"),
    "another-word": ("echo hello; exec cat", "hello"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_reaper_that_does_not_start_is_trouble(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its net the lab begins nothing, says why in a line, and leaves no process."""
    script, why = BROKEN[how]
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    processes = Processes(tmp_path)
    with (
        pytest.raises(Trouble, match=rf"^the lab's reaper, .*, does not start: {why}$"),
        processes,
    ):
        raise AssertionError("the block was entered")
    assert not runs(processes._reaper.pid)


def test_reaper_that_cannot_be_made_is_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An interpreter that is gone is told in a line, too."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "absent"))
    with pytest.raises(Trouble, match=r"does not start: .*No such file"), Processes(tmp_path):
        raise AssertionError("the block was entered")


def test_process_that_cannot_be_started_is_trouble(tmp_path: Path) -> None:
    """A folder that is gone, and a program that is not there, are lines for the user."""
    gone = r"^server-a cannot be started: .*server-a\.log"
    with Processes(tmp_path / "absent") as processes, pytest.raises(Trouble, match=gone):
        processes.start("server-a", FAMILY)
    missing = r"^server-a cannot be started: .*no-such-program"
    with Processes(tmp_path) as processes, pytest.raises(Trouble, match=missing):
        processes.start("server-a", ["no-such-program"])


def exists(pid: int) -> bool:
    """Tell whether a number is taken: by a process, or by one that nobody has waited for."""
    return Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize(
    ("script", "status"),
    [("exit 7", 7), ("kill -TERM $$", -signal.SIGTERM), ("true", 0)],
    ids=["status", "signal", "success"],
)
def test_number_of_an_ended_process_is_kept_until_its_burial(
    script: str, status: int, tmp_path: Path
) -> None:
    """Looking at a process gives its number to no other: a signal would hit that."""
    with Processes(tmp_path) as processes:
        child = processes.start("server-a", ["sh", "-c", script])
        assert child.wait(BOUND_SECONDS)
        assert child.status == child.status == status
        child.signal(signal.SIGTERM)
        assert exists(child.pid)
        processes.stop([child], signal.SIGTERM, BOUND_SECONDS)
        assert not exists(child.pid)
        assert child.status == status


def test_reaper_forgets_a_number_before_it_is_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First the group is killed, then the reaper told, then the process waited for."""
    seen: list[tuple[str, bool, bool]] = []
    with Processes(tmp_path) as processes:
        child = processes.start("server-a", FAMILY)
        left = worker(child.log)
        tell = processes._tell_reaper

        def told(line: str) -> None:
            await_end([child.pid, left])
            seen.append((line, exists(child.pid), runs(left)))
            tell(line)

        monkeypatch.setattr(processes, "_tell_reaper", told)
        processes.stop([child], signal.SIGCONT, 0.0)
    assert seen == [(f"-{child.pid}\n", True, False)]
    assert not exists(child.pid)


def test_buried_process_is_signalled_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has its number now is left alone."""
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
    """A process that ends at its signal ends with a status of its own."""
    with Processes(tmp_path) as processes:
        script = "trap 'exit 7' TERM; sleep 600 & echo worker $!; wait"
        child = processes.start("server-a", ["sh", "-c", script])
        left = worker(child.log)
        processes.stop([child], signal.SIGTERM, BOUND_SECONDS)
        assert child.status == 7
        await_end([left])


def test_stop_kills_what_does_not_end_in_time(tmp_path: Path) -> None:
    """A process that ignores its signal is killed after the patience."""
    with Processes(tmp_path) as processes:
        script = "trap '' TERM; sleep 600 & echo worker $!; wait"
        child = processes.start("server-a", ["sh", "-c", script])
        left = worker(child.log)
        processes.stop([child], signal.SIGTERM, 0.1)
        assert child.status == -signal.SIGKILL
        await_end([left])


def test_stop_of_a_process_that_has_ended_keeps_its_status(tmp_path: Path) -> None:
    """What has ended by itself is not signalled, and nothing is lost."""
    with Processes(tmp_path) as processes:
        child = processes.start("client-1", ["sh", "-c", "exit 3"])
        assert child.wait(BOUND_SECONDS)
        processes.stop([child], signal.SIGTERM, 1)
        child.signal(signal.SIGTERM)
        assert child.status == 3


def test_child_reads_no_settings_from_the_lab_s_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The values file has the settings; other variables, and those given, are handed on."""
    monkeypatch.setenv("LONG_LIVED__CLIENT__CONCURRENCY", "5")
    monkeypatch.setenv("HANDED_ON", "yes")
    with Processes(tmp_path) as processes:
        child = processes.start("server-a", ["env"], {"POD_ID": "server-a"})
        assert child.wait(BOUND_SECONDS)
        text = child.log.read_text()
    assert "HANDED_ON=yes\n" in text
    assert "POD_ID=server-a\n" in text
    assert "LONG_LIVED__" not in text


def test_both_outputs_of_a_child_are_in_its_log(tmp_path: Path) -> None:
    """A log holds standard output and standard error, and its end is at hand."""
    with Processes(tmp_path) as processes:
        child = processes.start("server-a", ["sh", "-c", "echo one; echo two >&2; echo three"])
        assert child.wait(BOUND_SECONDS)
        assert child.log == tmp_path / "server-a.log"
        assert child.log.read_text() == "one\ntwo\nthree\n"
        assert child.last_words() == "one | two | three"
        assert child.last_words(1) == "three"


def test_wait_tells_whether_the_process_has_ended(tmp_path: Path) -> None:
    """A wait that is too short says so, and ends nothing."""
    with Processes(tmp_path) as processes:
        child = processes.start("server-a", FAMILY)
        assert child.wait(0.05) is False
        assert child.status is None


def test_log_that_is_gone_has_no_lines(tmp_path: Path) -> None:
    """Whoever deletes the results in the middle of a run ends no lab."""
    with Processes(tmp_path) as processes:
        child = processes.start("server-a", ["echo", "one"])
        assert child.wait(BOUND_SECONDS)
        child.log.unlink()
        assert (child.lines(), child.last_words()) == ([], "")


def test_child_writes_utf8_whatever_the_terminal_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Logs are read as UTF-8, so they are written as that."""
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    with Processes(tmp_path) as processes:
        child = processes.start("client-1", [sys.executable, "-c", "print('±')"])
        assert child.wait(BOUND_SECONDS)
        assert child.lines() == ["±"]


def test_modules_are_not_looked_for_in_the_working_folder() -> None:
    """The command says so to the interpreter itself, and to no other program."""
    assert python("json.tool", "file") == [sys.executable, "-P", "-m", "json.tool", "file"]
