"""Keeps the kernel's random choice among the replicas in step with how many there are.

The filter that chooses (server/balance.py) belongs to all listeners of the port together, and only
one of them can change it. The lab makes one for a moment, which is the last of them and drops
what reaches it, and tells the kernel to choose among the others. Until it does, a replica that
came gets nothing, and one that went leaves its part to the kernel's hash: a tenth of a second.
"""

import socket
import struct
from pathlib import Path

from long_lived.server.balance import balance_at_random, drop_all

SOCKETS = Path("/proc/net/tcp")
LISTENING = "0A"
"""State of a socket that listens. Source: Linux include/net/tcp_states.h, TCP_LISTEN."""


def listening() -> list[tuple[str, int]]:
    """List the IPv4 addresses that are listened on, each as often as it is.

    The kernel lists them before all connections, however many those are. Source: Linux
    net/ipv4/tcp_ipv4.c, tcp_seq_start.
    """
    found = []
    with SOCKETS.open() as sockets:
        next(sockets)
        for line in sockets:
            _, local, _, state, *_ = line.split()
            if state != LISTENING:
                break
            host, _, port = local.partition(":")
            address = socket.inet_ntoa(struct.pack("=I", int(host, 16)))
            found.append((address, int(port, 16)))
    return found


class Balancer:
    """The choice among those who listen on one shared address."""

    def __init__(self, address: tuple[str, int], listeners: int) -> None:
        """Take over for `address`, where the filter is attached for so many `listeners`."""
        self._address = address
        self._listeners = listeners

    def look(self, listeners: int) -> None:
        """Have the kernel choose among the `listeners` that there are now."""
        if listeners in (0, self._listeners):
            return
        with socket.socket() as own:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            own.bind(self._address)
            # Without either filter the kernel balances by its hash, as the servers have warned.
            if drop_all(own):
                own.listen(1)
                balance_at_random(own, listeners)
        self._listeners = listeners
