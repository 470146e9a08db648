"""What the lab writes to streams that reject UTF-8, reject everything, or go away."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.lab.commands.lab import clean_environment
from tests.lab.records import saved
from tests.lab.runs import restarted

from long_lived.lab.terminal.streams import PLAIN, degraded

BOUND_SECONDS = 60

LAB = [sys.executable, "-m", "long_lived.lab"]

STREAMS = {
    "windows": ("cp1252", {"PYTHONIOENCODING": "cp1252"}),
    "c-locale": ("ascii", {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Save the log of a run with a restart, whose report uses every kind of character."""
    run, _ = restarted("experiment.expect=pinned")
    return saved(tmp_path, "client.log", run.log())


def verify(
    log: Path, out: Path, environment: dict[str, str], **given: object
) -> subprocess.CompletedProcess[bytes]:
    """Judge a log in an environment."""
    return subprocess.run(
        [*LAB, "verify", "--out", str(out), "--from-log", str(log)],
        env=clean_environment() | environment,
        stdin=subprocess.DEVNULL,
        timeout=BOUND_SECONDS,
        check=False,
        **({"capture_output": True} | given),  # type: ignore[call-overload]
    )


def kept(out: Path) -> str:
    """Return the report that was saved."""
    return (out / "latest" / "report.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", STREAMS)
def test_report_is_written_to_a_stream_without_utf8(name: str, log: Path, tmp_path: Path) -> None:
    """Characters are replaced; lines, numbers and exit status stay the same."""
    encoding, environment = STREAMS[name]
    done = verify(log, tmp_path / "out", environment)
    assert (done.returncode, done.stderr) == (0, b"")
    printed, report = done.stdout.decode(encoding), kept(tmp_path / "out")
    assert "±" in report
    assert "▁" in report
    assert len(printed.splitlines()) == len(report.splitlines())
    assert "?" not in printed
    assert ("±" if name == "windows" else "+-") in printed


def test_report_is_written_unchanged_in_utf8(log: Path, tmp_path: Path) -> None:
    """A UTF-8 stream gets the report unchanged."""
    done = verify(log, tmp_path / "out", {"PYTHONIOENCODING": "utf-8"})
    assert done.stdout.decode() == kept(tmp_path / "out")


def test_folder_whose_name_is_not_utf8_is_printed(log: Path, tmp_path: Path) -> None:
    """A file name is bytes: those that are not text are printed unchanged."""
    out = tmp_path / os.fsdecode(b"r\xe9sultats[/x]")
    done = verify(log, out, {"PYTHONIOENCODING": "utf-8"})
    assert (done.returncode, done.stderr) == (0, b"")
    assert os.fsencode(out) in done.stdout
    assert (out / "latest" / "report.txt").read_bytes() == done.stdout


@pytest.mark.parametrize(
    ("char", "instead"),
    [("±", "+-"), ("é", "e"), ("█", "8"), ("中", "?"), ("\udce9", b"\xe9")],
    ids=["known", "accent", "block", "other", "byte"],
)
def test_character_is_replaced_by_the_nearest(char: str, instead: str | bytes) -> None:
    """A character with no near equivalent becomes a question mark."""
    error = UnicodeEncodeError("ascii", f"a{char}b", 1, 2, "")
    assert degraded(error) == (instead, 2)
    assert all(plain.isascii() for plain in PLAIN.values())


@pytest.mark.parametrize(
    ("app", "arguments", "status"),
    [
        ("client", ["--help"], 0),
        ("server", ["--help"], 0),
        ("server", ["--set", "client.engine=é±"], 2),
    ],
    ids=["client-help", "server-help", "refusal"],
)
def test_apps_write_to_a_stream_without_utf8(app: str, arguments: list[str], status: int) -> None:
    """Their own words are ASCII, and a user's are escaped."""
    done = subprocess.run(
        [sys.executable, "-m", f"long_lived.{app}", *arguments],
        env=clean_environment() | {"PYTHONIOENCODING": "ascii"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=BOUND_SECONDS,
        check=False,
    )
    assert done.returncode == status
    assert (done.stdout + done.stderr).isascii()
    assert len(done.stderr.splitlines()) == status // 2


def test_full_disk_behind_the_output_costs_no_results(log: Path, tmp_path: Path) -> None:
    """The failed write is reported once, elsewhere, and the exit status is the verdict's."""
    with Path("/dev/full").open("wb") as full:
        done = verify(log, tmp_path / "out", {}, capture_output=False, stdout=full, stderr=-1)
    assert done.returncode == 0
    assert done.stderr == b"long-lived: stdout: No space left on device: output ends here\n"
    assert "\nverdict      pinned" in kept(tmp_path / "out")


def test_closed_output_costs_no_results(log: Path, tmp_path: Path) -> None:
    """Whoever closes standard output does not want it."""
    command = [*LAB, "verify", "--out", str(tmp_path / "out"), "--from-log", str(log)]
    done = subprocess.run(
        ["sh", "-c", 'exec "$0" "$@" >&-', *command],
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        timeout=BOUND_SECONDS,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert "\nverdict      pinned" in kept(tmp_path / "out")


@pytest.mark.parametrize(
    "arguments",
    [["scenarios"], ["run", "--help"], ["run", "no-such-scenario"]],
    ids=["list", "help", "refusal"],
)
def test_reader_that_is_gone_causes_no_traceback(arguments: list[str]) -> None:
    """`long-lived scenarios | head -1` ends as it would without head."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as nobody:
        done = subprocess.run(
            [*LAB, *arguments],
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            stdout=nobody,
            stderr=subprocess.PIPE,
            timeout=BOUND_SECONDS,
            check=False,
        )
    assert done.returncode == (2 if arguments[-1] == "no-such-scenario" else 0)
    assert len(done.stderr.splitlines()) == done.returncode // 2


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """Make a terminal: the end to read, and the program's end."""
    ours, its = pty.openpty()
    yield ours, its
    os.close(ours)


@pytest.mark.parametrize(
    ("columns", "environment"),
    [
        (1, {"TERM": "xterm", "NO_COLOR": "1", "PYTHONIOENCODING": "ascii"}),
        (80, {"TERM": "dumb"}),
    ],
    ids=["one-column-no-color-ascii", "dumb"],
)
def test_run_in_a_terminal_ends_with_its_verdict(
    columns: int, environment: dict[str, str], terminal: tuple[int, int], tmp_path: Path
) -> None:
    """However odd the terminal, the run is shown and its report printed."""
    ours, its = terminal
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    server = ",".join(f"server.delay.{one}" for one in ("minSeconds=0.2", "maxSeconds=0.6"))
    few = "server.replicas=1,client.concurrency=40,client.rampUpSeconds=0"
    flags = ("--set", server, "--set", few)
    process = subprocess.Popen(
        [*LAB, "run", "smoke", "--out", str(tmp_path / "[b]"), *flags],
        env=clean_environment() | environment,
        stdin=subprocess.DEVNULL,
        stdout=its,
        stderr=subprocess.PIPE,
    )
    os.close(its)
    shown = b""
    try:
        while part := os.read(ours, 65_536):
            shown += part
    except OSError:  # how a terminal reports that its program has ended
        pass
    _, errors = process.communicate(timeout=BOUND_SECONDS)
    assert errors == b""
    text = shown.decode(environment.get("PYTHONIOENCODING", "utf-8"))
    assert "/[b]/" in text
    assert "\nverdict      " in text
    assert ("\x1b" in text) is (environment["TERM"] != "dumb")
    assert process.returncode in (0, 1)
