"""The kernel's list of TCP sockets, /proc/net/tcp and tcp6, read for one port.

Source: Linux Documentation/networking/proc_net_tcp.rst; net/ipv4/tcp_ipv4.c, get_tcp4_sock, and
net/ipv6/tcp_ipv6.c, get_tcp6_sock: addresses are printed as words of 32 bits in the byte order of
the machine, which is little-endian on x86-64 and ARM64.
"""

import ipaddress
import sys
from functools import lru_cache

ESTABLISHED = "01"
"""Source: Linux include/net/tcp_states.h."""

Peer = tuple[str, int]
"""Address and port of the other end: what tells one connection of a port from another."""


class NotSockets(ValueError):
    """A text that is not the kernel's list of sockets; its text is one line for the user."""


def peers(text: str, port: int) -> list[Peer]:
    """List the other ends of the connections that are established to local `port`.

    Those of tcp and tcp6 may stand in one text. Addresses of IPv4 that are mapped into IPv6, as
    a socket that listens to both has them, are IPv4.

    Raises:
        NotSockets: the text has no line of the kernel's.
    """
    lines = text.splitlines()
    if not any(line.lstrip().startswith("sl ") for line in lines[:1]):
        shown = lines[0].strip()[:60] if lines else "nothing"
        raise NotSockets(f"not the kernel's list of sockets: {shown}")
    wanted = f":{port:04X}"
    found: list[Peer] = []
    for line in lines:
        fields = line.split(None, 4)
        if len(fields) == 5 and fields[3] == ESTABLISHED and fields[1].endswith(wanted):
            address, _, remote = fields[2].rpartition(":")
            try:
                found.append((_address(address), int(remote, 16)))
            except ValueError:
                raise NotSockets(f"not an address: {fields[2][:60]}") from None
    return found


@lru_cache(maxsize=65_536)
def _address(words: str) -> str:
    """Read an address of one word (IPv4) or four (IPv6)."""
    if len(words) not in (8, 32):
        raise ValueError(words)
    raw = b"".join(
        int(words[at : at + 8], 16).to_bytes(4, sys.byteorder) for at in range(0, len(words), 8)
    )
    address = ipaddress.ip_address(raw)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
