"""The client's own flags, and which of them it refuses."""

import subprocess
import sys

import pytest

from long_lived.client import arguments


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch):
    """Parse a command line."""

    def read_these(*flags: str) -> arguments.Options:
        monkeypatch.setattr(sys, "argv", ["client", *flags])
        return arguments.read()

    return read_these


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--source-address", "here"), "--source-address 'here': must be an IP address"),
        (
            ("--metrics-address", "here"),
            "argument --metrics-address: 'here' is not allowed: must be an IP address",
        ),
        (("--progress-seconds", "-1"), "--progress-seconds -1.0: must be 0 to 3600"),
        (("--progress-seconds", "nan"), "--progress-seconds nan: must be 0 to 3600"),
        (("--progress-seconds", "x"), "argument --progress-seconds: invalid float value: 'x'"),
        (("--val", "x"), "unrecognized arguments: --val x"),
        (("--set", "client.enabled=false"), "client.enabled = false: "),
        (
            ("--set", "client.balancing=headless"),
            "client.balancing = headless: nothing says where the replicas are; "
            "client.readiness.host must name the headless Service, or --addresses a file",
        ),
        (
            ("--addresses", "x"),
            "--addresses x: has no effect with client.balancing = service; must be left out, or",
        ),
    ],
    ids=[
        *("address", "metrics", "negative", "nan", "word", "abbreviation", "disabled"),
        *("headless-nowhere", "addresses-for-nothing"),
    ],
)
def test_flag_that_cannot_be_used_is_refused(
    flags: tuple[str, ...], words: str, read, capsys
) -> None:
    """A malformed flag ends the program with status 2 and one line."""
    with pytest.raises(SystemExit) as caught:
        read(*flags)
    assert caught.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"client: error: {words}")


def test_flags_that_can_be_used_are_taken(read) -> None:
    """The twin: valid flags are accepted."""
    options = read(
        "--source-address", "127.0.0.7", "--progress-seconds", "0.5", "--set", "server.port=9"
    )
    assert (options.source_addresses, options.progress_seconds) == (["127.0.0.7"], 0.5)
    assert options.settings.server.port == 9


@pytest.mark.parametrize(
    "flags", [("--addresses", "x"), ("--set", "client.readiness.host=headless.test")]
)
def test_client_may_choose_among_replicas_that_it_can_find(flags: tuple[str, ...], read) -> None:
    """It finds them in a file, or under a name."""
    assert read("--set", "client.balancing=headless", *flags).settings.client.enabled


def test_index_that_is_not_a_number_is_refused(
    read, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Job numbers its clients: an index in words is not one."""
    monkeypatch.setenv("JOB_COMPLETION_INDEX", "first")
    with pytest.raises(SystemExit) as caught:
        read()
    assert caught.value.code == 2
    assert capsys.readouterr().err == (
        "client: error: JOB_COMPLETION_INDEX = 'first': must be 0 to 99999\n"
    )


def test_flags_have_defaults(read) -> None:
    """Without flags the kernel chooses the address, and progress comes every 5 s."""
    assert (read().source_addresses, read().progress_seconds) == ([], 5.0)


def test_event_loop_does_without_the_libraries_of_the_others() -> None:
    """They cost each client of that engine 8 MB and a tenth of a second."""
    modules = ("long_lived.client.runner", "long_lived.client.engines.loop.engine")
    code = f"import sys, {', '.join(modules)}; print({{'requests', 'urllib3'}} & {{*sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "set()\n"
