"""Keeps the kernel's random choice among the replicas in step with how many there are.

The filter that chooses (server/balance.py) belongs to all listeners of the port together, and only
one of them can change it. The lab makes one for a moment, which is the last of them and drops
what reaches it, and tells the kernel to choose among the others. Until it does, a replica that
came gets nothing, and one that went leaves its part to the kernel's hash: a tenth of a second.
"""

import socket
from pathlib import Path

from long_lived.lab.analysis.live import sockets
from long_lived.server.balance import balance_at_random, drop_all

SOCKETS = Path("/proc/net/tcp")


def listening() -> list[tuple[str, int]]:
    """List the IPv4 addresses that are listened on, each as often as it is."""
    with SOCKETS.open(encoding="ascii") as lines:
        return sockets.listening(lines)


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
            drop_all(own)
            own.listen(1)
            # Without the filter the kernel balances by its hash, as the servers have warned.
            balance_at_random(own, listeners)
        self._listeners = listeners
