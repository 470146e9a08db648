"""`long-lived inspect --local`: processes that share a port, with real connections."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.groups import end_group
from tests.scraping import scrape, serving
from tests.sockets import free_port
from tests.waiting import eventually

from long_lived.lab.__main__ import cli
from long_lived.lab.analysis.live.inspection import inspect
from long_lived.lab.analysis.live.looks import compared
from long_lived.lab.analysis.verdict import Finding
from long_lived.lab.experiment.backend import Trouble
from long_lived.lab.local.live import LocalService, name_of

HOLD = """
import os, signal, socket, sys
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
listener.bind(("127.0.0.1", int(sys.argv[1])))
listener.listen(1024)
if sys.argv[2] == "fork" and os.fork():
    os.wait()
held = []
while True:
    held.append(listener.accept())
    if sys.argv[2] == "fork-each" and not os.fork():
        listener.close()
        signal.pause()
"""

Serve = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def port() -> Iterator[int]:
    """Reserve, for the test, a port that processes can share."""
    with socket.socket() as reservation:
        reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        reservation.bind(("127.0.0.1", 0))
        yield reservation.getsockname()[1]


@pytest.fixture
def serve(port: int) -> Iterator[Serve]:
    """Start processes that accept connections on the port and keep them."""
    started: list[subprocess.Popen[bytes]] = []

    def start(how: str = "alone") -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", HOLD, str(port), how]
        started.append(subprocess.Popen(command, start_new_session=True))
        return started[-1]

    yield start
    for process in started:
        end_group(process)


def held(port: int) -> dict[str, int]:
    """Look until every connection is accepted; return the counts by holder."""
    return {one.holder.name: len(one.peers) for one in LocalService(port).look()}


def test_late_process_is_pinned(port: int, serve: Serve) -> None:
    """One that starts after all connections were made holds none, and the client is named."""
    serve()
    eventually(lambda: _holders(port) == 1)
    clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(120)]
    eventually(lambda: sum(held(port).values()) == 120)
    late = serve()
    eventually(lambda: _holders(port) == 2)
    service = LocalService(port)
    before = service.look()
    rows = compared(before, service.look())
    found = inspect(rows, 1.0, service.owners(()), even_within=0.1)
    counts = {one.holder.name.split()[-1]: len(one.peers) for one in found.rows}
    assert counts[str(late.pid)] == 0
    assert list(found.clients.values()) == [120]
    (client,) = found.clients
    assert client.endswith(f" {os.getpid()}")
    # Processes that start within seconds of each other count as equally old.
    assert found.finding in (Finding.PINNED, Finding.UNEVEN)
    for one in clients:
        one.close()


def _holders(port: int) -> int:
    try:
        return len(LocalService(port).look())
    except Trouble:
        return 0


def test_process_that_listens_for_its_child_is_not_counted(port: int, serve: Serve) -> None:
    """A master that only keeps the port open, like gunicorn's, holds nothing and serves nobody."""
    serve("fork")
    eventually(lambda: _holders(port) == 1)
    client = socket.create_connection(("127.0.0.1", port))
    eventually(lambda: list(held(port).values()) == [1])
    client.close()


def test_connections_of_forked_children_are_their_listeners(port: int, serve: Serve) -> None:
    """A server that forks for each connection is one holder, and not as many as it has children."""
    server = serve("fork-each")
    eventually(lambda: _holders(port) == 1)
    clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(5)]
    eventually(lambda: held(port) == {name_of(server.pid): 5})
    for one in clients:
        one.close()


def test_watch_marks_who_came_and_ends_at_ctrl_c(port: int, serve: Serve, tmp_path: Path) -> None:
    """There is a report for each look, until a signal."""
    serve()
    eventually(lambda: _holders(port) == 1)
    command = [sys.executable, "-m", "long_lived.lab", "inspect", "--local", str(port)]
    output = tmp_path / "output"
    with output.open("wb") as file:
        watching = subprocess.Popen([*command, "--watch", "--seconds", "0.5"], stdout=file)
        try:
            eventually(lambda: output.read_text().count("too few") >= 1)
            late = serve()
            words = f"came since the look before: {name_of(late.pid)}"
            eventually(lambda: words in " ".join(output.read_text().split()))
            watching.send_signal(signal.SIGINT)
            assert watching.wait(30) == 130
        finally:
            watching.kill()
            watching.wait()


def test_watch_serves_what_it_sees_as_metrics(port: int, serve: Serve, tmp_path: Path) -> None:
    """Each look, under the names of server and client, for those who serve."""
    server, metrics = serve(), free_port()
    eventually(lambda: _holders(port) == 1)
    flags = ("--watch", "--seconds", "0.5", "--metrics-port", str(metrics))
    command = [sys.executable, "-m", "long_lived.lab", "inspect", "--local", str(port), *flags]
    with (tmp_path / "output").open("wb") as file:
        watching = subprocess.Popen(command, stdout=file, cwd=tmp_path)
        try:
            eventually(lambda: serving(metrics))
            seen = eventually(
                lambda: (now := scrape(metrics)).values("long_lived_connections_open") and now
            )
            seen.check_definition("inspect")
            holder = name_of(server.pid)
            client = socket.create_connection(("127.0.0.1", port))
            counts = {
                "long_lived_connections_open": {holder: 1},
                "long_lived_connections_opened_total": {holder: 1},
                "long_lived_evenness_ratio": {"": 1},
            }
            for name, expected in counts.items():
                label = "" if expected == {"": 1} else "replica"
                eventually(
                    lambda name=name, label=label, expected=expected: (
                        scrape(metrics).values(name, label) == expected
                    )
                )
            client.close()
            closed = "long_lived_connections_closed_total"
            eventually(lambda: scrape(metrics).value(closed, replica=holder) == 1)
        finally:
            watching.kill()
            watching.wait()


@pytest.mark.parametrize(
    ("flags", "words"),
    [((), "needs --watch"), (("--watch",), "--metrics-port: cannot listen on port")],
    ids=["alone", "taken"],
)
def test_metrics_that_cannot_be_served_are_refused(flags: tuple[str, ...], words: str) -> None:
    """In one line, with exit status 2."""
    with socket.create_server(("0.0.0.0", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = ["inspect", "--local", port, *flags, "--metrics-port", port]
        done = CliRunner().invoke(cli, command)
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert words in done.stderr


def test_port_that_nobody_serves_is_trouble(port: int) -> None:
    """One line names the port."""
    with pytest.raises(Trouble, match=f"no process listens on port {port}"):
        LocalService(port).look()
