"""What this machine must allow for a whole run, found before any of its processes starts.

`lacking` and `cautions` decide on plain numbers, which `read_machine` looks up. What is too low is
named in one line, with both numbers and a remedy.
"""

import math
import socket
from dataclasses import dataclass
from pathlib import Path

import psutil

from long_lived.client.preflight import limits
from long_lived.lab.analysis.scale import costs
from long_lived.lab.local.addresses import addresses_needed
from long_lived.lab.local.service import Unsupported
from long_lived.server.capacity import RESERVED_FILES
from long_lived.server.listener import somaxconn
from long_lived.settings import Settings

NETFILTER = Path("/proc/sys/net/netfilter")

CHANCE = 5
"""Standard deviations by which a replica may have more connections than its share: by chance once
in three million."""


@dataclass(frozen=True)
class Machine:
    """What it allows; None where there is no limit, or it cannot be read."""

    process: limits.Limits
    """What one process may have."""
    queue: int | None
    """Longest listen() queue."""
    tracked: tuple[int, int] | None
    """How many connections the kernel can track, and how many it does; None: it tracks none."""
    free_bytes: int | None
    """Memory that is available."""


def read_machine() -> Machine:
    """Look this machine's limits up."""
    return Machine(
        process=limits.read_limits(),
        queue=somaxconn(),
        tracked=tracked_connections(),
        free_bytes=psutil.virtual_memory().available,
    )


def refuse_what_does_not_fit(settings: Settings, machine: Machine) -> None:
    """Refuse a run for which this machine has too little.

    Raises:
        Unsupported: it names each limit that is too low.
    """
    if lines := lacking(settings, machine):
        raise Unsupported("; ".join(lines))


def lacking(settings: Settings, machine: Machine) -> list[str]:
    """List what is too low for the run, one line each."""
    client = settings.client
    # To servers that are not ours the kernel chooses where clients connect from.
    addresses = addresses_needed(client.concurrency) if settings.server.enabled else 1
    lines = limits.check(machine.process, limits.needs(settings, addresses))
    connections = client.concurrency * client.parallelism
    if settings.server.enabled:
        lines += _lacking_for_a_replica(settings, connections, machine.process.open_files)
    if machine.tracked is not None:
        most, used = machine.tracked
        if connections > most - used:
            lines.append(
                f"tracked connections: {connections} are needed, {max(0, most - used)} of {most} "
                "are free (nf_conntrack_max), and the kernel silently drops the rest: raise "
                "net.netfilter.nf_conntrack_max"
            )
    needed = memory_bytes(settings)
    if machine.free_bytes is not None and needed > machine.free_bytes:
        lines.append(
            f"memory: about {needed / 1e6:.0f} MB are needed, "
            f"{machine.free_bytes / 1e6:.0f} MB are available: lower client.concurrency or "
            "client.parallelism, or use the least (client.engine=asyncio, server.runtime=go)"
        )
    return lines


def _lacking_for_a_replica(
    settings: Settings, connections: int, most_files: int | None
) -> list[str]:
    replicas = settings.server.replicas or 1
    share = connections / replicas
    spread = CHANCE * math.sqrt(share * (1 - 1 / replicas))
    files = math.ceil(share + spread) + RESERVED_FILES
    if most_files is None or files <= most_files:
        return []
    return [
        f"open files of a replica: {files} are needed for one of {replicas} with {connections} "
        f"connections, the hard limit is {most_files} (ulimit -Hn): raise it, or server.replicas"
    ]


def cautions(settings: Settings, machine: Machine) -> list[str]:
    """List what is low enough to slow the run down, one line each."""
    if not settings.server.enabled:
        return []
    client, replicas = settings.client, settings.server.replicas or 1
    connections = client.concurrency * client.parallelism
    burst = math.ceil(connections / replicas / max(1.0, client.ramp_up_seconds))
    queue = min(settings.server.backlog, machine.queue or settings.server.backlog)
    if burst <= queue:
        return []
    return [
        f"listen queue: up to {burst} connections a second come to a replica, whose queue holds "
        f"{queue} (net.core.somaxconn, server.backlog): the rest wait for a retransmission (1, 3, "
        "7 s); raise it, or client.rampUpSeconds"
    ]


def memory_bytes(settings: Settings) -> int:
    """Return about how much memory clients and replicas of ours take together."""
    client, server = settings.client, settings.server
    users = client.concurrency * client.parallelism
    used = [(client.parallelism, costs.CLIENTS[client.engine])]
    if server.enabled:
        used.append((server.replicas or 1, costs.SERVERS[server.runtime]))
    megabytes = sum(count * cost.megabytes for count, cost in used)
    kilobytes = users * sum(cost.kilobytes_each for _, cost in used)
    return math.ceil(megabytes * 1e6 + kilobytes * 1e3)


def tracked_connections() -> tuple[int, int] | None:
    """Return how many connections the kernel can track, and how many it does.

    None where it tracks none over loopback: the table may be there, and nothing use it.
    """
    try:
        with (
            socket.create_server(("127.0.0.1", 0)) as listener,
            socket.create_connection(listener.getsockname()),
        ):
            most, used = (
                int((NETFILTER / f"nf_conntrack_{name}").read_text()) for name in ("max", "count")
            )
    except (OSError, ValueError):
        return None
    return (most, used) if used else None
