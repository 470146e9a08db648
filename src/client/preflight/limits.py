"""What the machine must allow, checked before ten thousand virtual users start.

`check` decides on plain numbers, which `read_limits` looks up. A limit that is too low is
named with both numbers, before anything is sent.
"""

import math
from dataclasses import dataclass
from pathlib import Path

from long_lived.resources.limits import ThreadLimit, open_files, thread_limit
from long_lived.settings import Client, Settings

SPARE_FILES = 64
"""Files other than connections: standard streams, the event loop, the name service."""
SPARE_THREADS = 16
SPARE_IDLE = 64
"""Idle connections beyond one for each user, so that a few users can keep one to each replica."""
MAPS_PER_THREAD = 2
"""A thread's stack and its guard page. Source: glibc, nptl/allocatestack.c."""
SPARE_MAPS = 2000


@dataclass(frozen=True)
class Limits:
    """Limits of this process; None where there is no limit, or it cannot be read."""

    open_files: int | None
    """The hard limit: the soft one will be raised."""
    threads: ThreadLimit | None
    memory_maps: int | None
    ports: int | None


@dataclass(frozen=True)
class Needs:
    """The most that a run takes."""

    open_files: int
    threads: int
    ports: int
    """Of each source address."""


def most_idle(settings: Client) -> int:
    """Return how many idle connections all users together keep, where they share a pool.

    As many as there are users, who then open none for lack of an idle one. Where the client chooses
    an address for each request, there may be idle ones only to others.
    """
    return settings.concurrency + (SPARE_IDLE if settings.balancing == "headless" else 0)


def needs(settings: Settings, addresses: int = 1) -> Needs:
    """Return the most that one client takes, which connects from so many `addresses`."""
    users = settings.client.concurrency
    threads = users + SPARE_THREADS if settings.client.engine == "threads" else SPARE_THREADS
    idle = most_idle(settings.client) if settings.client.balances_requests else 0
    connections = users + idle
    return Needs(
        open_files=connections + SPARE_FILES, threads=threads, ports=math.ceil(users / addresses)
    )


def check(limits: Limits, needed: Needs) -> list[str]:
    """List what is too low, one line each with both numbers; empty if the run can start."""
    lines = []
    if limits.open_files is not None and needed.open_files > limits.open_files:
        lines.append(
            f"open files: {needed.open_files} are needed, the hard limit is "
            f"{limits.open_files} (ulimit -Hn): raise it, lower client.concurrency, or "
            "raise client.parallelism"
        )
    if limits.threads is not None and needed.threads > limits.threads.threads:
        lines.append(
            f"threads: {needed.threads} are needed, {limits.threads.threads} are allowed by "
            f"{limits.threads.file}: raise it, lower client.concurrency, or use "
            "client.engine=gevent"
        )
    maps = needed.threads * MAPS_PER_THREAD + SPARE_MAPS
    if limits.memory_maps is not None and maps > limits.memory_maps:
        lines.append(
            f"memory maps: {maps} are needed for {needed.threads} threads, {limits.memory_maps} "
            "are allowed (vm.max_map_count): raise it, or use client.engine=gevent"
        )
    if limits.ports is not None and needed.ports > limits.ports:
        lines.append(
            f"source ports: {needed.ports} are needed of one address, the range holds "
            f"{limits.ports} (net.ipv4.ip_local_port_range): widen it, or raise client.parallelism"
        )
    return lines


def read_limits() -> Limits:
    """Read the limits of this process and this machine."""
    low_high = _words("/proc/sys/net/ipv4/ip_local_port_range")
    return Limits(
        open_files=open_files().hard,
        threads=thread_limit(),
        memory_maps=_number("/proc/sys/vm/max_map_count"),
        ports=int(low_high[1]) - int(low_high[0]) + 1 if len(low_high) == 2 else None,
    )


def _number(path: str) -> int | None:
    words = _words(path)
    return int(words[0]) if words and words[0].isdigit() else None


def _words(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="ascii", errors="replace").split()
    except OSError:
        return []
