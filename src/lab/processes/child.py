"""Processes that the lab starts: each leads a process group, and none outlives the lab.

As soon as a process has been waited for, the kernel may give its number, which is also its
group's, to another. So the lab leaves a process that has ended a zombie, and buries it in this
order: kill the group (workers may have outlived their parent), tell the reaper to forget the
number, wait for the process. The number is ours until the last step; wherever the lab itself is
killed in between, the reaper knows only numbers of groups that are to be killed.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from select import select

from long_lived.lab.experiment.backend import Trouble
from long_lived.lab.processes.reaper import READY
from long_lived.settings.errors import ENVIRONMENT_PREFIX

POLL_SECONDS = 0.05

ALWAYS = {"PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}
"""What every child finds in its environment: it writes each line at once, in the encoding in which
the lab reads it, whatever the terminal's is."""

REAPER_SECONDS = 60.0
"""Longest wait for the reaper to start, which takes a moment."""
LAST_WORDS_SECONDS = 5.0
"""Longest wait for a reaper that has failed to say why, or that should end."""

NO_REAPER = "the lab's reaper, which cleans up after a killed lab, does not start"


def python(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module of ours, whatever lies in the working folder.

    `-m` alone would look there first: for `settings.py`, for `yaml.py`.
    """
    return [sys.executable, "-P", "-m", module, *arguments]


class Child:
    """One process (with the workers that it forks), whose output goes to a log file."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
        """Wrap a process that leads its own group."""
        self.name = name
        self.log = log
        self._process = process

    @property
    def pid(self) -> int:
        """Process number, which is also that of the group."""
        return self._process.pid

    @property
    def status(self) -> int | None:
        """Exit status, negative after a signal; None while it runs."""
        if self._process.returncode is not None:
            return self._process.returncode
        ended = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if ended is None:
            return None
        return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status

    @property
    def cpu_seconds(self) -> float | None:
        """CPU seconds, user and system, that the process itself has used; None once it is reaped.

        Source: proc_pid_stat(5); those of its children are apart.
        """
        if self._process.returncode is not None:
            return None
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2]
        return sum(map(int, fields.split()[11:13])) / os.sysconf("SC_CLK_TCK")

    def signal(self, number: int) -> None:
        """Signal the process itself, unless it has ended."""
        if self._process.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill the whole group, with workers that outlived their parent."""
        if self._process.returncode is None:
            os.killpg(self.pid, signal.SIGKILL)

    def wait(self, seconds: float) -> bool:
        """Wait at most that long for the process to end; tell whether it has."""
        deadline = time.monotonic() + seconds
        while self.status is None:
            if time.monotonic() >= deadline:
                return False
            time.sleep(POLL_SECONDS)
        return True

    def reap(self) -> None:
        """Wait for the process, which has been killed, and give its number back."""
        self._process.wait()

    def lines(self) -> list[str]:
        """Return the log without an unfinished last line; empty where it is gone."""
        try:
            return self.log.read_text(encoding="utf-8", errors="replace").split("\n")[:-1]
        except OSError:
            return []

    def last_words(self, lines: int = 3) -> str:
        """Return the end of the log, for a message about an unexpected end."""
        return " | ".join(line[:200] for line in self.lines()[-lines:])


class Processes:
    """All processes of a run. A context manager: none outlives it, however it ends."""

    def __init__(self, folder: Path) -> None:
        """Keep logs in `folder`."""
        self._folder = folder
        self._children: list[Child] = []

    def __enter__(self) -> "Processes":
        """Start the reaper.

        Raises:
            Trouble: it does not start; without it a killed lab would leave processes behind.
        """
        try:
            self._reaper = subprocess.Popen(
                python("long_lived.lab.processes.reaper"),
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise Trouble(f"{NO_REAPER}: {error}") from None
        assert self._reaper.stdout is not None
        there, _, _ = select([self._reaper.stdout], [], [], REAPER_SECONDS)
        first = self._reaper.stdout.readline() if there else b""
        if first != READY:
            try:
                said, _ = self._reaper.communicate(timeout=LAST_WORDS_SECONDS)
            except subprocess.TimeoutExpired:
                self._reaper.kill()
                said, _ = self._reaper.communicate()
            *_, why = (first + said).decode(errors="replace").splitlines() or ["it says nothing"]
            raise Trouble(f"{NO_REAPER}: {why}")
        return self

    def __exit__(self, *_: object) -> None:
        """Kill what still runs, then end the reaper."""
        for child in list(self._children):
            self._bury(child)
        assert self._reaper.stdin is not None
        assert self._reaper.stdout is not None
        self._reaper.stdin.close()  # which ends it, unless somebody has suspended it
        try:
            self._reaper.wait(LAST_WORDS_SECONDS)
        except subprocess.TimeoutExpired:
            self._reaper.kill()
            self._reaper.wait()
        self._reaper.stdout.close()

    def start(
        self, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> Child:
        """Start `command`; its output goes to <name>.log.

        Settings in the lab's own environment are not handed on: the values file has them.

        Raises:
            Trouble: the log cannot be written, or the process cannot be made.
        """
        log = self._folder / f"{name}.log"
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(ENVIRONMENT_PREFIX)
        }
        try:
            with log.open("ab", buffering=0) as output:
                process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env=kept | ALWAYS | dict(environment or {}),
                    process_group=0,
                )
        except OSError as error:
            raise Trouble(f"{name} cannot be started: {error}") from None
        child = Child(name, process, log)
        self._children.append(child)
        self._tell_reaper(f"+{process.pid}\n")
        return child

    def stop(self, children: Sequence[Child], number: int, patience_seconds: float) -> None:
        """Signal `children`, wait that long for all of them together, and kill the rest."""
        for child in children:
            child.signal(number)
        deadline = time.monotonic() + patience_seconds
        for child in children:
            child.wait(max(0.0, deadline - time.monotonic()))
            self._bury(child)

    def _bury(self, child: Child) -> None:
        if child in self._children:
            self._children.remove(child)
            child.kill()
            self._tell_reaper(f"-{child.pid}\n")
            child.reap()

    def _tell_reaper(self, line: str) -> None:
        if self._reaper.stdin is not None:
            try:
                self._reaper.stdin.write(line.encode())
            except BrokenPipeError:
                pass  # somebody has killed it: now the lab must clean up by itself
