"""What this machine must allow for a whole run: each limit that is too low is named beforehand."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from long_lived.client.preflight.limits import Limits
from long_lived.lab.analysis.scale import costs
from long_lived.lab.commands.scenarios import values_files
from long_lived.lab.local.addresses import client_addresses
from long_lived.lab.local.machine.limits import (
    Machine,
    cautions,
    lacking,
    memory_bytes,
    read_machine,
    refuse_what_does_not_fit,
)
from long_lived.lab.local.service import Unsupported
from long_lived.resources.limits import ThreadLimit
from long_lived.settings import Settings, load

ROOT = Path(__file__).parents[3]

SETTINGS = load(values_files(("hundred-thousand",)), environment={})
ENOUGH = Machine(
    process=Limits(20_000, ThreadLimit(30_000, "/proc/sys/kernel/threads-max"), 65_530, 28_232),
    queue=4096,
    tracked=(131_072, 72),
    free_bytes=4_000_000_000,
)


def process(**changed: int) -> Machine:
    """Make a machine whose processes may have less."""
    return replace(ENOUGH, process=replace(ENOUGH.process, **changed))


def test_hundred_thousand_fit_where_the_scenario_says_so() -> None:
    """Usual limits, and less than 4 GB, are enough; so is a machine that tells none."""
    assert lacking(SETTINGS, ENOUGH) == cautions(SETTINGS, ENOUGH) == []
    unknown = Machine(Limits(None, None, None, None), None, None, None)
    assert lacking(SETTINGS, unknown) == cautions(SETTINGS, unknown) == []
    refuse_what_does_not_fit(SETTINGS, ENOUGH)


def test_replicas_of_others_are_not_this_machines() -> None:
    """Files, memory and queues of a service that is not ours are none of its concern."""
    theirs = ("server.enabled=false", "client.url=http://shop.example/", "server.replicas=null")
    load_of = ("client.concurrency=19000", "client.engine=gevent", "client.rampUpSeconds=0")
    settings = load([], [*theirs, *load_of], {})
    assert lacking(settings, replace(ENOUGH, free_bytes=800_000_000)) == []
    assert cautions(settings, ENOUGH) == []
    ours = load([], load_of, {})
    assert cautions(ours, ENOUGH) != []
    # One source address has the ports of the range, and no more.
    (line,) = lacking(settings, process(ports=18_999))
    assert line.startswith("source ports: 19000 are needed of one address")


@pytest.mark.parametrize(
    ("machine", "words"),
    [
        (process(open_files=17_000), "open files of a replica: 17512 are needed"),
        (process(ports=6249), "source ports: 6250 are needed of one address"),
        (replace(ENOUGH, tracked=(131_072, 31_073)), "tracked connections: 100000 are needed, 99"),
        (replace(ENOUGH, free_bytes=3_000_000_000), "memory: about 3558 MB are needed, 3000 MB"),
    ],
    ids=["files", "ports", "conntrack", "memory"],
)
def test_limit_that_is_too_low_is_refused_with_both_numbers(machine: Machine, words: str) -> None:
    """One line names the limit, what is needed, what there is, and a remedy."""
    with pytest.raises(Unsupported) as refused:
        refuse_what_does_not_fit(SETTINGS, machine)
    assert str(refused.value).startswith(words)
    assert re.search(r"\b(raise|lower|widen) ", str(refused.value))


def test_queue_that_is_too_short_for_a_second_is_a_caution() -> None:
    """The kernel sends again what did not fit, so the run takes longer and goes on."""
    at_once = load([], ["client.concurrency=10000,client.rampUpSeconds=0,server.replicas=2"], {})
    (line,) = cautions(at_once, ENOUGH)
    assert line.startswith("listen queue: up to 5000 connections a second come to a replica, whose")
    assert lacking(Settings(), replace(ENOUGH, queue=1)) == []


def test_no_two_clients_share_an_address() -> None:
    """Each has one for 8,000 users, so that connect() finds ports quickly."""
    assert client_addresses(0, 8000) == ["127.0.0.2"]
    assert client_addresses(3, 8001) == ["127.0.0.5", "127.1.0.5"]
    given = [one for index in range(200) for one in client_addresses(index, 100_000)]
    assert len(set(given)) == len(given) == 200 * 13


def test_memory_is_estimated_with_the_numbers_of_the_chart() -> None:
    """What the chart knows of an app, the lab knows likewise."""
    text = (ROOT / "charts/long-lived/templates/_memory.tpl").read_text()
    found = re.findall(r'^  "(\w+)" \(list (\S+) (\S+)\)$', text, re.MULTILINE)
    assert len(found) == 5
    for app, base, each in found:
        cost = {**costs.CLIENTS, **costs.SERVERS}[app]
        assert (cost.megabytes, cost.kilobytes_each) == (float(base), float(each))
    one = load([], ["client.concurrency=1000,server.replicas=1,server.runtime=gunicorn"], {})
    assert memory_bytes(one) == pytest.approx((30 + 58.8 + 53 + 56.1) * 1e6)


def test_this_machine_can_be_read() -> None:
    """What it has is a number, or None."""
    machine = read_machine()
    assert machine.free_bytes
    assert machine.queue
    assert machine.tracked is None or machine.tracked[0] >= machine.tracked[1] > 0
