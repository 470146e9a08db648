"""HAProxy in front of local replicas: where it comes from, and what it is told."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from long_lived.lab.__main__ import cli
from long_lived.lab.local import haproxy
from long_lived.lab.local.proxy import backend, most_users, refuse_what_the_proxy_cannot_do, slots
from long_lived.resources.limits import open_files
from long_lived.server.runtimes.runtime import Unavailable
from long_lived.settings import Settings, SettingsError, load
from long_lived.settings.places import HAPROXY_SETTINGS

PROXIED = "server.proxy=haproxy"
BOUND_SECONDS = 30
ENVIRONMENT = {
    "PROXY_BIND": "127.0.0.1:8000",
    "PROXY_MAX_CONNECTIONS": "100",
    "PROXY_ANSWER_SECONDS": "90",
    "PROXY_READY_REPLICAS": "3:3",
}


def settings(*overrides: str) -> Settings:
    """Load the settings of a run behind a proxy."""
    return load(overrides=[PROXIED, *overrides], environment={})


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away HAProxy, and the package index that offers it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(haproxy, "PACKAGE", tmp_path / "cache" / "haproxy-bin")
    monkeypatch.setattr(haproxy, "HAPROXY_LOCK", tmp_path / "absent.txt")


@pytest.fixture
def program() -> Path:
    """Return the path of the real program."""
    if why := haproxy.missing():
        pytest.skip(why)
    return haproxy.program()


def test_haproxy_accepts_its_settings(program: Path, tmp_path: Path) -> None:
    """The chart's file and the lab's list of replicas are valid, without a warning."""
    replicas = tmp_path / "replicas.cfg"
    replicas.write_text("\n".join(backend(8001, 300)) + "\n")
    command = [program, "-c", "-V", "-f", HAPROXY_SETTINGS, "-f", replicas]
    checked = subprocess.run(
        command,
        env={**os.environ, **ENVIRONMENT},
        capture_output=True,
        text=True,
        timeout=BOUND_SECONDS,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
    assert "Configuration file is valid" in checked.stdout + checked.stderr
    assert "WARNING" not in checked.stderr


def test_settings_take_nothing_else_from_the_environment() -> None:
    """The head of the file names everything that differs between machine and cluster."""
    asked = set(re.findall(r"\$\{(\w+)\}", HAPROXY_SETTINGS.read_text()))
    assert asked == set(ENVIRONMENT)


def test_every_replica_of_the_run_has_a_slot() -> None:
    """All may be replaced, and an event may add as many more as its count."""
    assert slots(settings("server.replicas=3", "experiment.event.count=2")) == 8
    lines = backend(8001, 251)
    assert lines[0] == "backend replicas"
    assert lines[1].split() == ["server", "server-a", "127.0.1.1:8001"]
    assert lines[251].split()[2] == "127.0.2.1:8001"


def test_more_users_than_the_proxy_can_hold_are_refused() -> None:
    """Each user takes two of its open files; the line says how many users fit."""
    hard = open_files().hard
    if hard is None or hard > 190_000:
        pytest.skip("there is no limit on open files that users could exceed here")
    most = most_users(hard, slots(settings()))
    if why := haproxy.missing():
        pytest.skip(why)
    refuse_what_the_proxy_cannot_do(settings(f"client.concurrency={most}"))
    with pytest.raises(SettingsError, match=rf"= {most + 1}: must be at most {most} with "):
        refuse_what_the_proxy_cannot_do(settings(f"client.concurrency={most + 1}"))


@pytest.mark.usefixtures("nowhere")
def test_proxy_that_cannot_be_had_is_refused(tmp_path: Path) -> None:
    """A run that needs HAProxy is refused in one line that says how to get it."""
    done = CliRunner().invoke(
        cli, ["run", "smoke", "--out", str(tmp_path / "results"), "--set", PROXIED]
    )
    assert done.exit_code == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("long-lived: error: cannot fetch HAProxy")
    assert line.endswith("; put `haproxy` on the PATH (apt-get install haproxy)")
    assert not (tmp_path / "results").exists()


@pytest.mark.usefixtures("nowhere")
def test_proxy_is_fetched_only_where_that_is_allowed() -> None:
    """Looking is not fetching: `doctor` only says what is missing."""
    with pytest.raises(Unavailable, match="fetches HAProxy, or put `haproxy` on the PATH"):
        haproxy.program()
    assert str(haproxy.missing()).startswith("cannot fetch HAProxy")


@pytest.mark.usefixtures("nowhere")
def test_without_a_proxy_nobody_looks_for_it() -> None:
    """A run without a proxy needs no HAProxy."""
    refuse_what_the_proxy_cannot_do(load(environment={}))


def test_program_of_the_path_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed HAProxy is preferred; if it does not run, the lab says so."""
    own = tmp_path / "haproxy"
    own.write_text("#!/bin/sh\necho HAProxy version 9.9.9-dev 2026/01/01\n")
    own.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert haproxy.program() == own
    assert haproxy.version(own) == "HAProxy version 9.9.9"
    own.write_text("#!/bin/sh\nexit 1\n")
    assert haproxy.missing() == (
        f"{own} does not run here: put `haproxy` on the PATH (apt-get install haproxy)"
    )
