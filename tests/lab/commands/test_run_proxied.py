"""What `long-lived run` finds behind a proxy that balances requests."""

import os
import signal

import pytest
from tests.lab.commands.lab import FEW, LASTING, QUICK, Start, long_enough, processes_of
from tests.waiting import eventually

from long_lived.lab.local import haproxy

pytestmark = pytest.mark.timeout(900)
"""On a slow machine a run is repeated with a longer load."""

PROXIED = "server.proxy=haproxy"
PROGRAM = "haproxy -db"


@pytest.fixture(autouse=True)
def there_is_a_proxy() -> None:
    """Fetch HAProxy once, or skip and say why."""
    if why := haproxy.missing():
        pytest.skip(why)


def test_restart_behind_a_proxy_is_even_and_loses_nothing(start: Start) -> None:
    """Clients keep their connections; survivor and replacements share the requests."""
    settings = (
        *(*QUICK, PROXIED, "experiment.expect=even", "experiment.event.afterSeconds=3"),
        *("experiment.event.replacementSeconds=0.5", "experiment.event.serviceLagSeconds=0"),
    )
    lab = long_enough(
        lambda seconds: start("events/restart", *settings, f"client.durationSeconds={seconds:g}"),
        14,
    )
    assert lab.finish() == 0, lab.printed
    assert " replicas (gunicorn gthread-repaired) behind haproxy, " in lab.printed
    record, clients = lab.record, lab.check_account()
    assert record["verdict"]["judged"]["unit"] == "requests answered"
    assert record["effect"]["stopped"] == ["server-b", "server-c"]
    assert clients["requests"]["failed"] == 0
    assert sum(pod["connections_opened"] for pod in clients["pods"].values()) == 240
    assert record["proxy_cpu_seconds"] > 0
    for counts in record["server_counts"].values():
        assert counts["cpu_seconds"] > 0
    assert "server-b is DOWN" in (lab.folder / "proxy.log").read_text()
    assert processes_of(lab.place) == {}


def test_proxy_that_ends_makes_the_run_incomplete(start: Start) -> None:
    """The report says that and how the proxy ended, and no process is left."""
    lab = start("smoke", *FEW, PROXIED, LASTING)
    lab.await_answers()
    pid = lab.pid(PROGRAM)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    said = "the proxy ended in the middle of the run with status -9"
    eventually(lambda: lab.pid(PROGRAM) is None)
    lab.stop()
    assert any(said in problem for problem in lab.record["problems"])


def test_proxy_ends_with_a_killed_lab(start: Start) -> None:
    """The reaper knows the proxy as it knows replicas and clients."""
    lab = start("smoke", *FEW, PROXIED, LASTING)
    lab.await_answers()
    assert lab.pid(PROGRAM) is not None
    lab.process.kill()
    lab.process.wait(60)
    eventually(lambda: processes_of(lab.place) == {})
