"""Real servers, scripted peers and real clients for the client's tests; each ends with its test."""

import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.groups import end_group
from tests.waiting import eventually

from .caller import Caller
from .loop_caller import LoopCaller
from .programs import (
    BOUND_SECONDS,
    QUICK,
    FinishedRun,
    RunClient,
    RunningClient,
    RunningServer,
    StartClient,
    StartServer,
    clean_environment,
    with_settings,
)


def _server_starter(folder: Path) -> Iterator[StartServer]:
    started: list[subprocess.Popen[bytes]] = []

    def start(
        *settings: str,
        pod: str = "server-a",
        bind: str = "127.0.0.1:0",
        prefix: tuple[str, ...] = (),
    ) -> RunningServer:
        log = folder / f"server-{len(started)}.log"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [
                    *prefix,
                    *(sys.executable, "-m", "long_lived.server", "--bind", bind),
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
    """Start servers; each ends with the test."""
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
    """Share a server that answers long after the test has stopped caring."""
    return _session_servers(
        "server.runtime=gunicorn", "server.delay.minSeconds=600", "server.delay.maxSeconds=600"
    )


@pytest.fixture
def start_client(tmp_path: Path) -> Iterator[StartClient]:
    """Start clients; each ends with the test."""
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
    """Serve each connection with a function, in a thread; return the port."""
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


@pytest.fixture
def call(request: pytest.FixtureRequest) -> Iterator[Callable[..., Caller | LoopCaller]]:
    """Make callers whose connections close with the test; a parameter says of which class."""
    made: list[Caller | LoopCaller] = []
    kind = getattr(request, "param", Caller)

    def make(url: str, *settings: str, **given: Any) -> Caller | LoopCaller:
        made.append(kind(url, settings, **given))
        return made[-1]

    yield make
    for caller in made:
        caller.close()
