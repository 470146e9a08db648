"""Replicas as the tests see them: a running process, requests, answers."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from unittest.mock import patch

import pytest
from tests.waiting import eventually

from long_lived.server.__main__ import main

BOUND_SECONDS = 120
"""Longest wait for anything; reached only where something is broken."""

QUICK = ("server.delay.minSeconds=0", "server.delay.maxSeconds=0.02")


class Replica:
    """A running server process."""

    def __init__(self, process: subprocess.Popen[bytes], log_file: Path) -> None:
        self.process = process
        self._log_file = log_file
        self._connections: list[http.client.HTTPConnection] = []
        self.urls: list[tuple[str, int]] = []

    @property
    def log(self) -> str:
        """Return what it has logged so far."""
        return self._log_file.read_text()

    @property
    def port(self) -> int:
        """Return the port of its first address."""
        return self.urls[0][1]

    def wait_until_serving(self) -> None:
        """Block until it says where it serves."""

        def serving() -> bool:
            found = re.search(r"Serving pod=\S+ runtime=.+ on (http://.+)", self.log)
            if found:
                self.urls = [
                    (host.strip("[]"), int(port))
                    for host, port in re.findall(r"http://(\S+):(\d+)/", found[1])
                ]
            assert self.process.poll() is None, self.log
            return bool(found)

        eventually(serving)

    def connect(self, address: int = 0) -> http.client.HTTPConnection:
        """Open a connection for a series of requests."""
        host, port = self.urls[address]
        host = {"::": "127.0.0.1", "0.0.0.0": "127.0.0.1"}.get(host, host)
        connection = http.client.HTTPConnection(host, port, timeout=BOUND_SECONDS)
        self._connections.append(connection)
        connection.connect()
        return connection

    def close_connections(self) -> None:
        """Close the connections that a failed check left open."""
        for connection in self._connections:
            connection.close()

    def get(self, path: str, method: str = "GET", address: int = 0, **headers: str) -> "Answer":
        """Send one request on its own connection."""
        connection = self.connect(address)
        try:
            return ask(connection, path, method, **headers)
        finally:
            connection.close()

    def stats(self) -> dict[str, object]:
        """Return its own counts."""
        return self.get("/stats").json

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def wait(self) -> int:
        """Block until it has ended; return its exit status."""
        try:
            return self.process.wait(BOUND_SECONDS)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it has not ended: {self.log}") from None


@dataclass(frozen=True)
class Answer:
    """One answer."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> dict[str, object]:
        """Return the body as JSON."""
        assert self.headers["Content-Type"] == "application/json"
        return json.loads(self.text)


def ask(
    connection: http.client.HTTPConnection, path: str = "/", method: str = "GET", **headers: str
) -> Answer:
    """Send one request on `connection` and read the answer."""
    connection.request(method, path, headers=headers)
    return read(connection)


def read(connection: http.client.HTTPConnection) -> Answer:
    """Read the answer to a request already sent."""
    response = connection.getresponse()
    return Answer(response.status, response.headers, response.read().decode())


def command(*settings: str, binds: tuple[str, ...] = (), flags: tuple[str, ...] = ()) -> list[str]:
    """Make the command line of a server."""
    pairs = [argument for setting in settings for argument in ("--set", setting)]
    addresses = [argument for bind in binds for argument in ("--bind", bind)]
    return [sys.executable, "-m", "long_lived.server", *pairs, *addresses, *flags]


def environment(**variables: str) -> dict[str, str]:
    """Return this process's environment without settings, plus `variables`."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("LONG_LIVED__") and name != "POD_ID"
    }
    return {**kept, **variables}


def refusal(*arguments: str, **variables: str) -> str:
    """Begin a server, in this process, that must not start; return the one line that refuses it."""
    out, errors = StringIO(), StringIO()
    with (
        patch.dict(os.environ, environment(**variables), clear=True),
        redirect_stdout(out),
        redirect_stderr(errors),
        pytest.raises(SystemExit) as ended,
    ):
        main(arguments)
    assert ended.value.code == 2
    assert out.getvalue() == ""
    (line,) = errors.getvalue().splitlines()
    assert line.startswith("server: error: ")
    return line


Start = Callable[..., Replica]
