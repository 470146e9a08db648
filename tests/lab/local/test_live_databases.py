"""`long-lived inspect --local` on Redis and PostgreSQL, where they are installed."""

import json
import os
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.lab.commands.lab import finished
from tests.waiting import eventually

CONNECTIONS = 30
USER = b"user\0postgres\0database\0postgres\0\0"
STARTUP = struct.pack("!ii", len(USER) + 8, 3 << 16) + USER
"""Source: PostgreSQL, "Message Formats", StartupMessage."""
PING = b"PING\r\n"


@pytest.fixture
def port() -> int:
    """Choose a port that is free at this moment: neither of them takes 0."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def running(*command: str) -> Iterator[None]:
    """Run a server."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def session(port: int, question: bytes, answer: bytes) -> socket.socket:
    """Open a connection that the server has answered."""
    connection = socket.create_connection(("127.0.0.1", port), 30)
    try:
        connection.sendall(question)
        assert connection.recv(1) == answer
    except BaseException:
        connection.close()
        raise
    return connection


def answers(port: int, question: bytes, answer: bytes) -> bool:
    """Tell whether the server is up."""
    try:
        session(port, question, answer).close()
    except (OSError, AssertionError):
        return False
    return True


def only_holder(port: int) -> tuple[str, int]:
    """Run the command; return the one holder's name, without its number, and its connections."""
    lab = [sys.executable, "-m", "long_lived.lab", "inspect", "--local", str(port)]
    done = finished([*lab, "--seconds", "0.1", "--format", "json"])
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["finding"] == "too few"
    (holder,) = found["holders"]
    ours = [one["connections"] for one in found["clients"] if str(os.getpid()) in one["name"]]
    assert ours == [CONNECTIONS]
    return holder["name"].split()[0], holder["connections"]


def test_redis_holds_its_clients(port: int) -> None:
    """One process holds all, and says to whom."""
    redis = shutil.which("redis-server")
    if redis is None:
        pytest.skip("redis-server is not installed")
    with running(redis, "--port", str(port), "--bind", "127.0.0.1", "--save", ""):
        eventually(lambda: answers(port, PING, b"+"))
        clients = [session(port, PING, b"+") for _ in range(CONNECTIONS)]
        assert only_holder(port) == ("redis-server", CONNECTIONS)
        for one in clients:
            one.close()


def test_postgres_is_one_holder(port: int) -> None:
    """Its sessions, each in a process of its own, are the postmaster's."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs:
        pytest.skip("postgresql is not installed")
    # It refuses to run as root.
    who = ("setpriv", "--reuid=nobody", "--clear-groups") if os.geteuid() == 0 else ()
    with TemporaryDirectory(prefix="postgres-") as folder:
        if who:
            shutil.chown(folder, "nobody")
        data, program = f"{folder}/data", programs[-1]
        init = (*who, str(program / "initdb"), data, "--auth=trust", "--username=postgres")
        subprocess.run(init, check=True, capture_output=True, timeout=120)
        options = ("-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", folder)
        with running(*who, str(program / "postgres"), *options):
            eventually(lambda: answers(port, STARTUP, b"R"))
            clients = [session(port, STARTUP, b"R") for _ in range(CONNECTIONS)]
            assert only_holder(port) == ("postgres", CONNECTIONS)
            for one in clients:
                one.close()
