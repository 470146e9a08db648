"""What `python -m long_lived.server` refuses: one line, exit status 2, no traceback."""

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from long_lived.server.listener import ListenError, parse_bind
from long_lived.server.pod import pod_id

from .replicas import BOUND_SECONDS, QUICK, Start, command, environment, refusal
from .variants import FLASK, GO, GTHREAD, Shared, Variant

RUNTIMES = [FLASK, GTHREAD, GO]
IDS = [variant.name for variant in RUNTIMES]


@pytest.mark.parametrize(
    "flags",
    [(), ("--reuse-port",), ("--reuse-port", "--set", "server.replicas=null")],
    ids=["alone", "sharing", "sharing-with-any-number"],
)
def test_port_that_is_taken_is_refused(flags: tuple[str, ...], quick: Shared) -> None:
    """So is a second server on it, even if it would share what the first does not."""
    address = f"127.0.0.1:{quick(FLASK).port}"
    line = refusal("--bind", address, *flags)
    assert line == f"server: error: cannot listen on {address}: Address already in use"


def test_refusal_is_all_that_the_program_says() -> None:
    """On standard error, with exit status 2; the other refusals are asked in this process."""
    run = subprocess.run(
        command(binds=("127.0.0.1",)),
        env=environment(),
        capture_output=True,
        text=True,
        timeout=BOUND_SECONDS,
        check=False,
    )
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == f"{refusal('--bind', '127.0.0.1')}\n"


def test_default_port_that_is_taken_is_refused() -> None:
    """Without --bind the port is server.port on all interfaces."""
    with socket.create_server(("0.0.0.0", 0)) as taken:
        port = taken.getsockname()[1]
        line = refusal("--set", f"server.port={port}")
    assert line == f"server: error: cannot listen on port {port}: Address already in use"


@pytest.mark.parametrize(
    "bind",
    ["", "8000", "127.0.0.1", "127.0.0.1:", ":8000", "127.0.0.1:x", "127.0.0.1:70000"]
    + ["127.0.0.1:-1", "::1:8000", "[127.0.0.1]:8000", "[::1]", "a b:80", "http://x:80"],
)
def test_malformed_bind_is_no_address(bind: str) -> None:
    """--bind takes HOST:PORT, with IPv6 in brackets."""
    with pytest.raises(ListenError, match="HOST:PORT"):
        parse_bind(bind)


@pytest.mark.parametrize(
    ("bind", "address"),
    [("127.0.0.1:0", ("127.0.0.1", 0)), ("[::]:80", ("::", 80)), ("localhost:1", ("localhost", 1))],
)
def test_bind_is_split_into_host_and_port(bind: str, address: tuple[str, int]) -> None:
    """Brackets are not part of the host."""
    assert parse_bind(bind) == address


def test_bad_bind_is_refused() -> None:
    """The line names what was given and what is allowed."""
    line = refusal("--bind", "127.0.0.1")
    assert line.startswith("server: error: --bind '127.0.0.1' is not allowed: must be HOST:PORT")


@pytest.mark.parametrize("bind", ["192.0.2.1:0", "no-such-host.invalid:0"])
def test_host_that_cannot_be_bound_is_refused(bind: str) -> None:
    """A server cannot listen on another machine's address, or on an unknown name."""
    assert refusal("--bind", bind).startswith(f"server: error: cannot listen on {bind}: ")


@pytest.mark.parametrize(
    "pod",
    ["", "  ", "a b", "a\nb", " a", "a\t", "a\n", "a\x07", "a\u2028b", "pod-é", "a/b", "a" * 254],
)
def test_name_that_no_client_accepts_is_invalid(pod: str) -> None:
    """POD_ID appears in lines split at blanks, and has to be a Kubernetes name."""
    with pytest.raises(ValueError, match="POD_ID"):
        pod_id({"POD_ID": pod})


@pytest.mark.parametrize("pod", ["server-5f6cf9cbc4-mg7js", "Host_1.example", "a" * 253])
def test_name_is_taken_from_the_environment(pod: str) -> None:
    """Any name that Kubernetes or a machine uses is valid."""
    assert pod_id({"POD_ID": pod}) == pod


def test_name_is_the_host_name_without_the_variable() -> None:
    """Without POD_ID the name is the host's."""
    assert pod_id({}) == socket.gethostname()


def test_host_name_that_no_client_accepts_is_invalid(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line blames the host name, and says how to give another."""
    monkeypatch.setattr(socket, "gethostname", lambda: "my host")
    with pytest.raises(ValueError, match=r"^host name = 'my host' .*; set POD_ID$"):
        pod_id({})


def test_bad_name_is_refused() -> None:
    """A bad POD_ID ends the server before it listens."""
    line = refusal("--bind", "127.0.0.1:0", POD_ID="a b")
    assert line.startswith("server: error: POD_ID = 'a b' is not allowed")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--set", "server.delay.minSeconds=9,server.delay.maxSeconds=1"], "minSeconds = 9"),
        (["--set", "server.port=70000"], "server.port = 70000"),
        (["--set", "server.runtime=java"], "flask, gunicorn, go"),
        (["--values", "no-such-file.yaml"], "no-such-file.yaml"),
    ],
    ids=["range", "port", "runtime", "file"],
)
def test_settings_that_cannot_be_used_are_refused(arguments: list[str], named: str) -> None:
    """Bad settings end the server before it listens."""
    assert named in refusal(*arguments)


@pytest.mark.parametrize(
    ("runtime", "package"),
    [
        (["server.runtime=flask"], "flask"),
        (["server.runtime=gunicorn"], "gunicorn"),
        (["server.runtime=gunicorn", "server.gunicorn.workerClass=gevent"], "gevent"),
        (["server.runtime=gunicorn", "server.gunicorn.workerClass=gevent-repaired"], "gevent"),
    ],
    ids=["flask", "gunicorn", "gevent", "gevent-repaired"],
)
def test_runtime_whose_package_is_missing_is_refused(runtime: list[str], package: str) -> None:
    """The line names the package and how to get it."""
    code = (
        f"import sys; sys.modules[{package!r}] = None\n"
        f"from long_lived.server.__main__ import main; main({['--set', ','.join(runtime)]!r})"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=BOUND_SECONDS,
        check=False,
    )
    assert run.returncode == 2
    assert run.stderr == (
        f"server: error: server.runtime = {runtime[0].partition('=')[2]!r} needs the package "
        f"{package}: install long-lived with its dependencies\n"
    )


def test_values_file_and_environment_set_the_server_up(start: Start, tmp_path: Path) -> None:
    """Values files and variables reach the server like every program of the project."""
    file = tmp_path / "values.yaml"
    file.write_text("server: {runtime: flask, delay: {minSeconds: 0, maxSeconds: 0}}\n")
    replica = start(flags=("--values", str(file)), LONG_LIVED__SERVER__DELAY__MAX_SECONDS="0.001")
    assert '"delay":{"minSeconds":0.0,"maxSeconds":0.001}' in replica.log


@pytest.mark.parametrize("variant", RUNTIMES, ids=IDS)
def test_default_address_answers_over_ipv4_and_ipv6(variant: Variant, start: Start) -> None:
    """All interfaces means both protocols."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    replica = start(*variant.settings, *QUICK, f"server.port={port}", binds=())
    assert re.search(rf"on http://(\[::\]|0\.0\.0\.0):{port}/$", replica.log, re.MULTILINE)
    assert replica.get("/readyz").status == 200
    if "[::]" in replica.log:
        replica.urls = [("::1", port)]
        assert replica.get("/readyz").status == 200
