"""Real servers, scripted peers and real clients for the tests of the client; all are ended."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.waiting import eventually

from long_lived.client.clock import Clock
from long_lived.client.ledger import Answer
from long_lived.client.transport.adapter import Transport
from long_lived.client.transport.balancer import Balancer
from long_lived.client.transport.connections import Connection, ConnectionBook
from long_lived.client.transport.errors import classify
from long_lived.client.transport.exchange import Exchange
from long_lived.client.transport.pool import counted_pool
from long_lived.client.transport.resolver import Resolver
from long_lived.record.error_kind import ErrorKind
from long_lived.settings import load

BOUND_SECONDS = 30
"""Longest wait for anything; reached only where something is broken."""

QUICK = (
    "client.rampUpSeconds=0",
    "client.thinkTime.minSeconds=0",
    "client.thinkTime.maxSeconds=0.02",
)


def clean_environment(**variables: str) -> dict[str, str]:
    """Return this process's environment without settings, plus `variables`."""
    kept = {name: value for name, value in os.environ.items() if "LONG_LIVED__" not in name}
    return kept | variables


def with_settings(settings: tuple[str, ...]) -> list[str]:
    """Make the flags of a program."""
    return [argument for setting in settings for argument in ("--set", setting)]


def end_group(process: subprocess.Popen[Any]) -> None:
    """Kill a process with all that it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait(BOUND_SECONDS)


@dataclass
class RunningServer:
    """A real server process."""

    process: subprocess.Popen[bytes]
    url: str

    def stats(self) -> dict[str, Any]:
        """Return its own counts."""
        with urllib.request.urlopen(f"{self.url}stats", timeout=BOUND_SECONDS) as answer:
            return json.load(answer)


@dataclass
class FinishedRun:
    """What a client that has ended left."""

    status: int
    lines: list[str]
    errors: str

    @property
    def summary(self) -> dict[str, Any]:
        """Return the summary, which is the last line."""
        return json.loads(self.lines[-1])

    @property
    def answers(self) -> list[str]:
        """Return the lines of answered requests."""
        return [line for line in self.lines if line.startswith("Response from Pod ")]

    @property
    def failures(self) -> list[str]:
        """Return the lines of failed requests."""
        return [line for line in self.lines if line.startswith("Request failed: ")]

    def check_account(self) -> None:
        """Hold the summary to what must be true of every run, and to the lines above it."""
        assert "Traceback" not in self.errors, self.errors
        requests, pods = self.summary["requests"], self.summary["pods"]
        assert requests["planned"] == requests["answered"] + requests["failed"]
        assert requests["failed"] == sum(requests["failed_by_kind"].values())
        assert requests["answered"] == sum(pod["requests"] for pod in pods.values())
        assert requests["answered"] == self.summary["service_seconds"]["count"]
        if self.summary["settings"]["client"]["logResponses"]:
            assert len(self.answers) == requests["answered"]
            logged = Counter(line.split()[2] for line in self.failures)
            told = Counter(requests["failed_by_kind"]) - Counter(
                not_sent=requests["failed_by_kind"].get("not_sent", 0)
            )
            assert logged == told


class RunningClient:
    """A real client process."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self.process = process
        self._out, self._errors = folder / "out", folder / "errors"

    @property
    def output(self) -> str:
        """Return its standard output so far."""
        return self._out.read_text()

    @property
    def errors(self) -> str:
        """Return its standard error so far."""
        return self._errors.read_text()

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def finish(self) -> FinishedRun:
        """Block until it has ended."""
        status = self.process.wait(BOUND_SECONDS)
        return FinishedRun(status, self.output.splitlines(), self.errors)


StartServer = Callable[..., RunningServer]
StartClient = Callable[..., RunningClient]
RunClient = Callable[..., FinishedRun]


def _server_starter(folder: Path) -> Iterator[StartServer]:
    started: list[subprocess.Popen[bytes]] = []

    def start(*settings: str, pod: str = "server-a", bind: str = "127.0.0.1:0") -> RunningServer:
        log = folder / f"server-{len(started)}.log"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "long_lived.server",
                    "--bind",
                    bind,
                    *with_settings(settings),
                ],
                env=clean_environment(POD_ID=pod),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                start_new_session=True,
            )
        started.append(process)

        def serving() -> re.Match[str] | None:
            assert process.poll() is None, log.read_text()
            return re.search(r"Serving pod=.* (http://\S+/)", log.read_text())

        return RunningServer(process, eventually(serving)[1])

    yield start
    for process in started:
        end_group(process)


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    """Start servers that end with the test."""
    yield from _server_starter(tmp_path)


@pytest.fixture(scope="session")
def _session_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartServer]:
    yield from _server_starter(tmp_path_factory.mktemp("servers"))


@pytest.fixture(scope="session")
def keeping_server(_session_servers: StartServer) -> RunningServer:
    """Share a server that keeps connections."""
    return _session_servers(
        "server.runtime=gunicorn",
        *("server.delay.minSeconds=0", "server.delay.maxSeconds=0.2"),
        pod="keeper-1",
    )


@pytest.fixture(scope="session")
def closing_server(_session_servers: StartServer) -> RunningServer:
    """Share a server that closes each connection after its answer."""
    return _session_servers(
        "server.delay.minSeconds=0", "server.delay.maxSeconds=0.2", pod="closer-1"
    )


@pytest.fixture(scope="session")
def slow_server(_session_servers: StartServer) -> RunningServer:
    """Share a server that answers long after the test has lost its interest."""
    return _session_servers(
        "server.runtime=gunicorn", "server.delay.minSeconds=600", "server.delay.maxSeconds=600"
    )


@pytest.fixture
def start_client(tmp_path: Path) -> Iterator[StartClient]:
    """Start clients that end with the test."""
    started: list[subprocess.Popen[str]] = []

    def start(
        url: str, *settings: str, flags: tuple[str, ...] = (), prefix: tuple[str, ...] = ()
    ) -> RunningClient:
        folder = tmp_path / f"client-{len(started)}"
        folder.mkdir()
        command = [
            sys.executable,
            "-m",
            "long_lived.client",
            *with_settings((f"client.url={url}", *QUICK)),
        ]
        with (folder / "out").open("w") as out, (folder / "errors").open("w") as errors:
            process = subprocess.Popen(
                [*prefix, *command, *with_settings(settings), *flags],
                env=clean_environment(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=errors,
                text=True,
                start_new_session=True,
            )
        started.append(process)
        return RunningClient(process, folder)

    yield start
    for process in started:
        end_group(process)


@pytest.fixture
def run_client(start_client: StartClient) -> RunClient:
    """Run a client to its end."""

    def run(url: str, *settings: str, **given: Any) -> FinishedRun:
        return start_client(url, *settings, **given).finish()

    return run


Script = Callable[[socket.socket], None]


@pytest.fixture
def scripted() -> Iterator[Callable[[Script], int]]:
    """Serve each connection by a function, in a thread; return the port."""
    listeners: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def serve(script: Script) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def accept() -> None:
            while True:
                try:
                    peer, _ = listener.accept()
                except OSError:
                    return
                with peer:
                    peer.settimeout(BOUND_SECONDS)
                    try:
                        script(peer)
                    except OSError:
                        pass

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        threads.append(thread)
        return listener.getsockname()[1]

    yield serve
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
    for thread in threads:
        thread.join(BOUND_SECONDS)


@dataclass
class Caller:
    """One virtual user's way to a server, in this process."""

    url: str
    settings: tuple[str, ...] = ()
    source_address: str = ""
    size: int = 1
    balancer: Balancer | None = None
    ended: list[Connection] = field(default_factory=list)

    def __post_init__(self) -> None:
        loaded = load([], [f"client.url={self.url}", *self.settings], {})
        self.book = ConnectionBook(Clock(), self.ended.append)
        pool_class = counted_pool(
            self.book, Resolver(), loaded.client, self.source_address, self.balancer
        )
        keeps = loaded.client.keep_alive.mode != "per-request"
        self.transport = Transport(self.url, pool_class, self.size if keeps else 0)
        self._exchange = Exchange(loaded, self.url, "0123456789abcdef")

    def ask(self) -> Answer:
        """Send a request and return its answer."""
        return self._exchange.perform(self.transport)

    def fail(self) -> ErrorKind:
        """Send a request that must fail; return how that is counted."""
        with pytest.raises(Exception) as caught:
            self.ask()
        return classify(caught.value)


@pytest.fixture
def call() -> Iterator[Callable[..., Caller]]:
    """Make callers whose connections are closed with the test."""
    made: list[Caller] = []

    def make(url: str, *settings: str, **given: Any) -> Caller:
        made.append(Caller(url, settings, **given))
        return made[-1]

    yield make
    for caller in made:
        caller.transport.get_connection_with_tls_context().close()
