"""The command `doctor`: what this machine can do, and for how many virtual users that is enough.

The functions above `look` decide on plain values, with the checks that client and server make at
their start. `look` reads and tries; it changes nothing, and waits at most TOOL_SECONDS for
anything.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace

import click

from long_lived.client.preflight.limits import Limits, Needs, check, needs, read_limits
from long_lived.lab.cluster.tools.kubectl import Kubectl, Place
from long_lived.lab.cluster.tools.program import call, program
from long_lived.lab.commands.options import context_option
from long_lived.lab.commands.run import DEFAULT_SCENARIO
from long_lived.lab.commands.scenarios import values_files
from long_lived.lab.experiment.backend import Trouble
from long_lived.lab.local.haproxy import program as haproxy
from long_lived.lab.local.haproxy import version
from long_lived.lab.local.machine.limits import tracked_connections
from long_lived.lab.local.service import SERVICE_ADDRESS, Unsupported, refuse_other_systems
from long_lived.lab.report.columns import labelled
from long_lived.server.balance import HASH_WARNING, balance_at_random
from long_lived.server.capacity import RESERVED_THREADS, plan
from long_lived.server.listener import ListenError, open_listeners, somaxconn
from long_lived.server.runtimes.go import build as go_build
from long_lived.server.runtimes.runtime import Unavailable
from long_lived.settings import Settings, load

TOOL_SECONDS = 5.0
"""Longest wait for a tool, and for a cluster that may not answer."""

MOST_USERS = 100_000
"""As many as `client.concurrency` allows."""

FAST_PYTHON = (3, 13)
"""Ten thousand threads or greenlets start much faster from there on."""

NO_LIMITS = Limits(open_files=None, threads=None, memory_maps=None, ports=None)

NetworkTable = tuple[int, int]
"""How many connections the kernel can track (conntrack), and how many it does."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    what: str
    value: str
    words: str
    """Fine, with the number of users for which it is enough, or what to do."""
    blocks: bool = False
    """Whether it keeps the default scenario from running."""


def python(version: tuple[int, ...]) -> Finding:
    """Judge a version of Python that is new enough to run the lab."""
    words = "fine" if version >= FAST_PYTHON else "fine; 3.13 or newer is faster"
    return Finding("Python", ".".join(map(str, version)), words)


def limits_of(limits: Limits, settings: Settings) -> Iterator[Finding]:
    """Judge what client and replicas of `settings`, each request a thread in both, run into."""

    def one_client(users: int) -> Needs:
        client = settings.client.model_copy(update={"concurrency": users})
        return needs(settings.model_copy(update={"client": client}))

    def client_and_replicas(users: int) -> Needs:
        one, replicas = one_client(users), settings.server.replicas or 0
        return replace(one, threads=one.threads + users + replicas * RESERVED_THREADS)

    users = settings.client.concurrency
    files = replace(NO_LIMITS, open_files=limits.open_files)
    found = _limit("open files", limits.open_files, files, one_client, users)
    if limits.open_files is not None and not found.blocks:
        short = plan(limits.open_files, None).warnings
        found = replace(found, words="; ".join([found.words, *short]))
    yield found
    # The processes of a user, or of a container, are under one limit.
    threads = replace(NO_LIMITS, threads=limits.threads)
    value = limits.threads.threads if limits.threads else None
    yield _limit("threads", value, threads, client_and_replicas, users)
    maps = replace(NO_LIMITS, memory_maps=limits.memory_maps)
    yield _limit("memory maps", limits.memory_maps, maps, one_client, users)
    ports = replace(NO_LIMITS, ports=limits.ports)
    yield _limit("local ports", limits.ports, ports, one_client, users)


def _limit(
    what: str, value: int | None, limits: Limits, needed: Callable[[int], Needs], users: int
) -> Finding:
    if value is None:
        return Finding(what, "no limit", "fine")
    too_low = check(limits, needed(users))
    if too_low:
        return Finding(what, f"{value:,}", too_low[0].partition(": ")[2], blocks=True)
    carried = _most(lambda more: not check(limits, needed(more)))
    return Finding(what, f"{value:,}", f"fine for {carried:,} users")


def _most(carries: Callable[[int], bool]) -> int:
    """Return the largest number of users that is carried, where all smaller ones are, too."""
    fits, too_many = 0, MOST_USERS + 1
    while too_many - fits > 1:
        users = (fits + too_many) // 2
        fits, too_many = (users, too_many) if carries(users) else (fits, users)
    return fits


def queue(cap: int | None, backlog: int) -> Finding:
    """Judge the cap on the listen() queue of a replica."""
    if cap is None:
        return Finding("listen queue", "unknown", "net.core.somaxconn cannot be read")
    words = f"fine for bursts of {min(cap, backlog):,} connections to a replica"
    if cap < backlog:
        words += (
            f"; the rest wait for a retransmission (1, 3, 7 s): raise net.core.somaxconn to "
            f"{backlog} (server.backlog)"
        )
    return Finding("listen queue", f"{cap:,}", words)


def tracking(table: NetworkTable | None, users: int) -> Finding:
    """Judge the kernel's table of connections; None means that it has none."""
    if table is None:
        return Finding("conntrack", "off", "fine")
    most, used = table
    free = max(0, most - used)
    if free >= users:
        return Finding("conntrack", f"{used:,} of {most:,}", f"fine for {free:,} connections")
    words = (
        f"{users} connections are needed; where they are tracked, the kernel silently "
        "drops those that do not fit the table: raise net.netfilter.nf_conntrack_max"
    )
    return Finding("conntrack", f"{used:,} of {most:,}", words)


def balancing(refusal: str, at_random: bool) -> Finding:
    """Judge how the kernel spreads connections over replicas that share a port."""
    if refusal:
        return Finding("balancing", "none", refusal, blocks=True)
    if at_random:
        return Finding("balancing", "at random", "fine")
    return Finding("balancing", "by hash", HASH_WARNING)


def closing_line(findings: list[Finding], scenario: str) -> str:
    """Say whether `scenario` can run here, and what is in its way."""
    blocking = ", ".join(finding.what for finding in findings if finding.blocks)
    return f"{scenario} cannot run here: {blocking}" if blocking else f"{scenario} can run here"


def look(settings: Settings, context: str) -> Iterator[Finding]:
    """Look at this machine, and at the cluster of a Kubernetes context."""
    yield python(sys.version_info[:3])
    yield from limits_of(read_limits(), settings)
    yield queue(somaxconn(), settings.server.backlog)
    yield tracking(tracked_connections(), settings.client.concurrency)
    yield balancing(*_balances(settings.server.replicas or 1))
    yield _tried("Go", _go, "fine for server.runtime = go")
    yield _tried("HAProxy", lambda: version(haproxy()), "fine for server.proxy = haproxy")
    yield _tried("kubectl", lambda: _version("kubectl", "--client"), "fine")
    yield _tried("Helm", lambda: _version("helm", "--short"), "fine")
    yield _tried("cluster", lambda: _cluster(context), "fine: it is ready")


def _tried(what: str, find: Callable[[], str], words: str) -> Finding:
    try:
        return Finding(what, find(), words)
    except (Trouble, Unavailable) as error:
        return Finding(what, "none", str(error))


def _balances(replicas: int) -> tuple[str, bool]:
    """Return why this system cannot balance, or nothing; and whether it does so at random."""
    try:
        refuse_other_systems()
        (listener,) = open_listeners([f"{SERVICE_ADDRESS}:0"], 0, 1, reuse_port=True)
    except (Unsupported, ListenError) as error:
        return str(error), False
    with closing(listener):
        return "", balance_at_random(listener, replicas)


def _go() -> str:
    if os.environ.get(go_build.VARIABLE):
        return str(go_build.binary())
    return " ".join(reversed(go_build.toolchain()))


def _version(tool: str, flag: str) -> str:
    said = call([program(tool), "version", flag], TOOL_SECONDS)
    return said.partition("\n")[0].removeprefix("Client Version: ").strip()


def _cluster(context: str) -> str:
    kubectl = Kubectl(Place("default", context))
    call(kubectl.command("get", "--raw=/readyz"), TOOL_SECONDS)
    return kubectl.cluster


@click.command()
@context_option
def doctor_command(context: str) -> int:
    """Say what this machine can do, and what to do where that is too little.

    Exit status: 0 the default scenario, ten-thousand, can run here; 1 it cannot.
    """
    settings = load(values_files((DEFAULT_SCENARIO,)), environment={})
    findings = []
    for finding in look(settings, context):
        findings.append(finding)
        print("\n".join(labelled(finding.what, f"{finding.value}: {finding.words}")), flush=True)
    print(f"\n{closing_line(findings, DEFAULT_SCENARIO)}")
    return 1 if any(finding.blocks for finding in findings) else 0
