"""Addresses: of the server's name, looked up now and then instead of for each connection; our own.

Ten thousand virtual users that connect at once would send the cluster's DNS ten thousand queries
(times the search list of a pod's resolv.conf), and lose some.
"""

import socket
import threading
import time

KEPT_SECONDS = 30.0
"""CoreDNS answers with a time to live of 30 s by default (its plugin kubernetes, option ttl)."""

IP_BIND_ADDRESS_NO_PORT = getattr(socket, "IP_BIND_ADDRESS_NO_PORT", 24)
"""Leaves the choice of the source port to connect(), which may reuse one for another
destination. Source: ip(7), Linux 4.2; missing in CPython's socket module before 3.12."""

Address = tuple[socket.AddressFamily, tuple[object, ...]]


class Resolver:
    """Thread-safe look-ups, each kept for `KEPT_SECONDS`."""

    def __init__(self) -> None:
        """Start without any address."""
        self._lock = threading.Lock()
        self._known: dict[tuple[str, int], tuple[float, list[Address]]] = {}

    def addresses(self, host: str, port: int) -> list[Address]:
        """Return the addresses of `host`, never an empty list.

        Raises:
            socket.gaierror: the name has no address.
        """
        with self._lock:
            looked_up, found = self._known.get((host, port), (0.0, []))
            if not found or time.monotonic() - looked_up > KEPT_SECONDS:
                found = lookup(host, port)
                self._known[host, port] = (time.monotonic(), found)
            return found


def bind(sock: socket.socket, source: str) -> None:
    """Connect from the local address `source`, which may be empty: then the kernel chooses it.

    Raises:
        OSError: it is not an address of this machine.
    """
    if source:
        sock.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        sock.bind((source, 0))


def lookup(host: str, port: int) -> list[Address]:
    """Look up the addresses of `host` now, in order, without duplicates.

    Raises:
        socket.gaierror: the name has no address.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except ValueError as error:  # from the codec "idna": a label is empty or too long
        raise socket.gaierror(socket.EAI_NONAME, f"no host name ({error})") from None
    return list(dict.fromkeys((family, address) for family, _, _, _, address in found))
