"""What the kernel shows and allows to single processes: networks, views of files, capabilities."""

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

UNPRIVILEGED = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs")
"""What comes before a command of root's, as under restricted Pod Security: the same user, and no
capability."""


@dataclass(frozen=True)
class NetworkNamespace:
    """A network with nothing but a loopback interface, in which processes can be started."""

    enter: tuple[str, ...]
    """What comes before the command of such a process."""

    def run(self, *command: str) -> None:
        """Run a command there, or skip the test where that does not work."""
        _or_skip([*self.enter, *command])


@contextmanager
def network_namespace(prepare: str) -> Iterator[NetworkNamespace]:
    """Make a network and `prepare` it with a line of shell; skip where that may not be."""
    words = f"ip link set lo up && {prepare} && echo ready && exec sleep infinity"
    _or_skip(["unshare", "--net", "true"])
    with subprocess.Popen(
        ["unshare", "--net", "sh", "-c", words], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            if process.stdout.readline() != b"ready\n":
                pytest.skip(f"no network can be made: {process.stderr.read().decode().strip()}")
            yield NetworkNamespace(("nsenter", f"--net=/proc/{process.pid}/ns/net"))
        finally:
            process.kill()


def with_files_in_place(files: Mapping[str, Path]) -> tuple[str, ...]:
    """Return what starts a process that sees these files in place of the system's."""
    binds = " && ".join(f"mount --bind '{own}' {shown}" for shown, own in files.items())
    words = ("unshare", "--mount", "sh", "-c", f'{binds} && exec "$@"', "sh")
    _or_skip([*words, "true"])
    return words


def _or_skip(command: list[str]) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"there is no {command[0]}")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"{' '.join(command[:2])} does not work here: {done.stderr.strip()}")
