"""The reaper kills what the lab leaves, and the lab starts nothing without it."""

import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from tests.groups import end_group
from tests.waiting import eventually

from long_lived.lab.experiment.backend import Trouble
from long_lived.lab.processes.child import Processes

from .family import BOUND_SECONDS, FAMILY, await_end, exists, runs, worker

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
    """Run a small lab in its own process; yield it with the pids of what it started."""
    process = subprocess.Popen(
        [sys.executable, "-c", LAB, str(tmp_path)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    started: list[psutil.Process] = []
    try:
        first, second, reaper = map(int, process.stdout.readline().split())
        left = [first, second, worker(tmp_path / "first.log")]
        started += map(psutil.Process, [*left, reaper])
        yield process, left, reaper
    finally:
        for one in started:
            with suppress(psutil.NoSuchProcess):
                one.kill()  # unless its number is another's by now
        end_group(process)
        process.stdout.close()


def test_reaper_kills_what_a_killed_lab_leaves(lab) -> None:
    """SIGKILL on the lab leaves no child, no worker and no reaper."""
    process, started, reaper = lab
    assert all(map(runs, [*started, reaper]))
    process.kill()
    await_end([*started, reaper])


def test_reaper_outlives_the_signals_of_a_terminal(lab) -> None:
    """Ctrl-C and a hang-up reach the reaper as well: it stays until the lab is gone."""
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


def test_run_whose_reaper_is_suspended_comes_to_its_end(tmp_path: Path) -> None:
    """A reaper that does not end by itself is killed, and leaves nothing either."""
    with Processes(tmp_path) as processes:
        child = processes.start("server-a", FAMILY)
        everyone = [child.pid, worker(child.log)]
        os.kill(processes._reaper.pid, signal.SIGSTOP)
    assert processes._reaper.returncode == -signal.SIGKILL
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
    """Without a reaper the lab starts nothing, says why in a line, and leaves no process."""
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


def test_reaper_without_an_interpreter_is_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing interpreter is reported in one line, too."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "absent"))
    with pytest.raises(Trouble, match=r"does not start: .*No such file"), Processes(tmp_path):
        raise AssertionError("the block was entered")


def test_reaper_forgets_a_pid_before_it_is_freed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First the group is killed, then the reaper informed, then the process reaped."""
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
