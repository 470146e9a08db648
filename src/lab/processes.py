"""Processes that the lab starts: each leads a process group, and none outlives the lab."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from long_lived.settings.errors import ENVIRONMENT_PREFIX

POLL_SECONDS = 0.05


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
        return self._process.poll()

    def signal(self, number: int) -> None:
        """Signal the process itself; without effect when it has ended."""
        if self.status is None:
            self._process.send_signal(number)

    def kill(self) -> None:
        """Kill the whole group: also workers that outlived their parent."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()

    def wait(self, seconds: float) -> bool:
        """Wait until the process has ended, at most so long; tell whether it has."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def lines(self) -> list[str]:
        """Return the log; a last line without its end is left out."""
        return self.log.read_text(encoding="utf-8", errors="replace").split("\n")[:-1]

    def last_words(self, lines: int = 3) -> str:
        """Return the end of the log, for a message about an unexpected end."""
        return " | ".join(line[:200] for line in self.lines()[-lines:])


class Processes:
    """All processes of a run. A context manager: at its end, however it comes, none is left."""

    def __init__(self, folder: Path) -> None:
        """Keep logs in `folder`."""
        self._folder = folder
        self._children: list[Child] = []

    def __enter__(self) -> "Processes":
        """Start the guardian."""
        self._guardian = subprocess.Popen(
            [sys.executable, "-m", "long_lived.lab.guardian"],
            bufsize=0,
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        """Kill what still runs, then let the guardian go."""
        for child in list(self._children):
            self._bury(child)
        if self._guardian.stdin is not None:
            self._guardian.stdin.close()
        self._guardian.wait()

    def start(
        self, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> Child:
        """Start `command`; its output goes to <name>.log.

        Settings in this process's environment are not handed on: the values file has them.
        """
        log = self._folder / f"{name}.log"
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(ENVIRONMENT_PREFIX)
        }
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=descriptor,
                stderr=descriptor,
                env=kept | {"PYTHONUNBUFFERED": "1"} | dict(environment or {}),
                process_group=0,
            )
        finally:
            os.close(descriptor)
        child = Child(name, process, log)
        self._children.append(child)
        self._tell_guardian(f"+{process.pid}\n")
        return child

    def stop(self, children: Sequence[Child], number: int, patience_seconds: float) -> None:
        """Signal `children`, give them all together so long to end, and kill the rest."""
        for child in children:
            child.signal(number)
        deadline = time.monotonic() + patience_seconds
        for child in children:
            child.wait(max(0.0, deadline - time.monotonic()))
            self._bury(child)

    def _bury(self, child: Child) -> None:
        child.kill()
        if child in self._children:
            self._children.remove(child)
            self._tell_guardian(f"-{child.pid}\n")

    def _tell_guardian(self, line: str) -> None:
        if self._guardian.stdin is not None:
            try:
                self._guardian.stdin.write(line.encode())
            except BrokenPipeError:
                pass  # it was killed; without a net there is all the more reason to clean up
