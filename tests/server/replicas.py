"""Replicas as the tests see them: variants, a running process, requests, answers."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.waiting import eventually

from long_lived.server.runtimes import RUNTIMES
from long_lived.server.runtimes.runtime import KeepAlive
from long_lived.settings import load

BOUND_SECONDS = 30
"""Longest wait for anything; reached only where something is broken."""

QUICK = ("server.delay.minSeconds=0", "server.delay.maxSeconds=0.02")


@dataclass(frozen=True)
class Difference:
    """A test that gunicorn's own worker fails."""

    why: str
    always: bool = True
    """Whether it cannot pass; otherwise it depends on who is quicker."""


@dataclass(frozen=True)
class Variant:
    """One way to run the server, and what its connections do."""

    name: str
    settings: tuple[str, ...]
    concurrent: bool = True
    """Whether requests are served beside one another."""
    differs: Mapping[str, Difference] = field(default_factory=dict, hash=False)
    """By the test that it fails; every other must hold for it."""

    @property
    def runtime(self) -> str:
        """Return what the server calls itself."""
        return self.settings[0].partition("=")[2]

    @property
    def keep_alive(self) -> KeepAlive:
        """Return what its runtime says that it does with connections; the tests hold it to that."""
        server = load(overrides=self.settings, environment={}).server
        return RUNTIMES[self.runtime].keep_alive(server)

    @property
    def keeps(self) -> bool:
        """Return whether a connection carries more than one request."""
        return self.keep_alive.kept

    @property
    def serving(self) -> str:
        """Return what stands in the line with which it begins to serve."""
        worker = "".join(f" worker={one.partition('=')[2]}" for one in self.settings[1:2])
        return self.runtime + (worker if self.runtime == "gunicorn" else "")


def gunicorn(
    worker_class: str,
    differs: Mapping[str, Difference] | None = None,
    *,
    concurrent: bool = True,
) -> Variant:
    """Make the variant for one worker class."""
    settings = ("server.runtime=gunicorn", f"server.gunicorn.workerClass={worker_class}")
    return Variant(f"gunicorn-{worker_class}", settings, concurrent, differs or {})


FLASK = Variant("flask", ("server.runtime=flask",))
GTHREAD = gunicorn("gthread-repaired")
GEVENT = gunicorn("gevent-repaired")
SYNC = gunicorn("sync-repaired", concurrent=False)

AGE = {
    "test_age_counts_from_the_opening_of_the_connection": Difference(
        "nothing tells when it accepts a connection: the age counts from the first request"
    )
}
STOP = {
    "test_sigint_ends_a_replica_at_once": Difference(
        "SIGINT and the master's SIGQUIT raise an exit in the midst of whatever runs: a traceback, "
        "or a worker that hangs",
        always=False,
    ),
}
LATE = {
    "test_sigterm_lets_the_answer_in_flight_finish_and_refuses_new_connections": Difference(
        "an answer that was begun before the stop says keep-alive"
    ),
    "test_drain_ends_at_the_graceful_timeout": Difference(
        "master and worker give up at the same time: mostly the worker is killed before it has "
        "said what is lost",
        always=False,
    ),
}
PORT = {
    "test_draining_replica_refuses_connections_before_its_answer_is_out": Difference(
        "it keeps its port until the last answer is out"
    ),
}
LINGER = {
    "test_client_that_does_not_close_holds_up_nobody": Difference(
        "its only event loop waits up to 2 s for each client that it closes",
        always=False,  # the probe may come before the first of them is closed
    ),
}
IDLE = {
    "test_idle_connections_do_not_hold_up_the_stop": Difference(
        "it waits for them until the graceful timeout"
    ),
}
STOCK_GTHREAD = gunicorn("gthread", {**AGE, **STOP, **LATE, **PORT, **LINGER})
STOCK_GEVENT = gunicorn("gevent", {**AGE, **STOP, **LATE, **IDLE})
STOCK_SYNC = gunicorn("sync", {**AGE, **STOP, **PORT}, concurrent=False)

GO = Variant("go", ("server.runtime=go",))
GO_DRAINING = Variant("go-draining", ("server.runtime=go", "server.gracefulTimeoutSeconds=20"))

ALL = [FLASK, GTHREAD, GEVENT, SYNC, STOCK_GTHREAD, STOCK_GEVENT, STOCK_SYNC, GO]
"""Every way to run it, without those that differ only in a setting."""


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
        """Open a connection for requests that follow one another."""
        host, port = self.urls[address]
        host = {"::": "127.0.0.1", "0.0.0.0": "127.0.0.1"}.get(host, host)
        connection = http.client.HTTPConnection(host, port, timeout=BOUND_SECONDS)
        self._connections.append(connection)
        connection.connect()
        return connection

    def close_connections(self) -> None:
        """Close those that a failed check left open."""
        for connection in self._connections:
            connection.close()

    def get(self, path: str, method: str = "GET", address: int = 0, **headers: str) -> "Answer":
        """Send one request on a connection of its own."""
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
    """Read the answer to a request that has been sent."""
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
    """Run a server that must not start; return the one line with which it refuses."""
    run = subprocess.run(
        [sys.executable, "-m", "long_lived.server", *arguments],
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=BOUND_SECONDS,
        check=False,
    )
    assert run.returncode == 2, run.stderr
    assert run.stdout == ""
    (line,) = run.stderr.splitlines()
    assert line.startswith("server: error: ")
    return line


Start = Callable[..., Replica]
Shared = Callable[[Variant], Replica]


def each(variants: Sequence[Variant]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Run a test once for each variant; those that differ must fail it.

    All tests of a variant run in one worker of xdist, where they share its replicas.
    """

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        cases = []
        for variant in variants:
            differs = variant.differs.get(test.__name__)
            fails = pytest.mark.xfail(
                differs is not None,
                reason=differs.why if differs else "",
                raises=AssertionError,
                strict=bool(differs and differs.always),
            )
            together = pytest.mark.xdist_group(variant.name)
            cases.append(pytest.param(variant, id=variant.name, marks=(fails, together)))
        return pytest.mark.parametrize("variant", cases)(test)

    return decorate


def side_by_side(
    variants: Sequence[Variant],
) -> Callable[[Callable[[Variant, Start], None]], Callable[[Start], None]]:
    """Run one test for all `variants` at once, since it mostly waits; failures name theirs.

    Those that differ must fail it.
    """

    def decorate(check: Callable[[Variant, Start], None]) -> Callable[[Start], None]:
        def test(start: Start) -> None:
            with ThreadPoolExecutor(len(variants)) as pool:
                runs = [(variant, pool.submit(check, variant, start)) for variant in variants]
            failures = []
            for variant, run in runs:
                error, differs = run.exception(), variant.differs.get(check.__name__)
                if differs and isinstance(error, AssertionError):
                    continue
                if differs and differs.always and error is None:
                    error = AssertionError(f"it does not differ any more: {differs.why}")
                if error:
                    error.add_note(f"with {variant.name}")
                    failures.append(error)
            if failures:
                raise BaseExceptionGroup(check.__name__, failures)

        test.__name__, test.__doc__ = check.__name__, check.__doc__
        return test

    return decorate
