"""Killing a server from inside its container, which has its own PID namespace."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.namespaces import UNPRIVILEGED
from tests.waiting import eventually

from long_lived.lab.cluster.servers.kill import kill_command
from long_lived.server.runtimes.go import build

NEW = ("unshare", "--map-root-user", "--pid", "--fork", "--mount-proc", "--kill-child")
BOUND_SECONDS = 60


def can_unshare() -> bool:
    """Tell whether this machine lets us create a PID namespace and enter it."""
    if not all(map(shutil.which, ("unshare", "nsenter", "setpriv"))):
        return False
    return subprocess.run([*NEW, "true"], capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.skipif(not can_unshare(), reason="no PID namespace is to be had here")


@contextmanager
def container(*command: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run a command as PID 1 of a new namespace; yield the outer process and PID 1."""
    outer = subprocess.Popen([*NEW, *UNPRIVILEGED, *command], env={**os.environ, "POD_ID": "one"})
    try:
        children = Path(f"/proc/{outer.pid}/task/{outer.pid}/children")
        yield outer, int(eventually(children.read_text).split()[0])
    finally:
        outer.kill()
        outer.wait()


def execute(first: int, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the namespace, as kubectl exec does."""
    into = ("--user", "--preserve-credentials", "--pid", "--mount")
    enter = ["nsenter", "--target", str(first), *into, *UNPRIVILEGED, *command]
    return subprocess.run(enter, capture_output=True, text=True, timeout=BOUND_SECONDS, check=False)


@pytest.mark.parametrize("runtime", ["flask", "gunicorn", "go"])
def test_kill_ends_the_first_process_and_cuts_its_connections(runtime: str) -> None:
    """A request in flight is lost long before its answer is due, and no server is left."""
    if runtime == "go":
        build.binary(install=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = (f"server.runtime={runtime}", "server.delay.minSeconds=300")
    pairs = [
        part for pair in (*settings, "server.delay.maxSeconds=300") for part in ("--set", pair)
    ]
    serve = [sys.executable, "-m", "long_lived.server", "--bind", f"127.0.0.1:{port}", *pairs]
    with container(*serve) as (outer, first):
        connection = eventually(lambda: connected(port))
        with connection:
            connection.settimeout(BOUND_SECONDS)
            connection.sendall(b"GET / HTTP/1.1\r\nHost: one\r\n\r\n")
            python, *rest = kill_command(port)
            done = execute(first, sys.executable, *rest)
            assert python == "python"
            assert done.returncode == -signal.SIGKILL, done.stderr
            assert not received(connection)
        outer.wait(BOUND_SECONDS)
        assert connected(port) is None


def test_kill_leaves_another_containers_pid_1_alone() -> None:
    """Where a pod's containers share processes it kills nothing, and says so."""
    with container(sys.executable, "-c", "import time; time.sleep(300)") as (outer, first):
        done = execute(first, sys.executable, *kill_command(1)[1:])
        assert done.returncode == 1
        assert "the first process of the container is not the server" in done.stderr
        assert outer.poll() is None


def test_plain_sigkill_from_within_does_nothing() -> None:
    """The reason for all this: PID 1 is immune to signals from its own namespace."""
    code = json.dumps("import os; os.kill(1, 9)")
    with container(sys.executable, "-c", "import time; time.sleep(300)") as (outer, first):
        assert execute(first, "sh", "-c", f"{sys.executable} -c {code}").returncode == 0
        assert outer.poll() is None


def received(connection: socket.socket) -> bytes:
    """Return a byte of an answer, or none if the connection ended without one."""
    try:
        return connection.recv(1)
    except ConnectionResetError:
        return b""


def connected(port: int) -> socket.socket | None:
    """Connect to a local server; return None if nobody listens."""
    try:
        return socket.create_connection(("127.0.0.1", port))
    except OSError:
        return None
