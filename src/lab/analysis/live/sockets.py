"""The kernel's list of TCP sockets, /proc/net/tcp and tcp6, read for one port.

Source: Linux Documentation/networking/proc_net_tcp.rst; net/ipv4/tcp_ipv4.c, get_tcp4_sock, and
net/ipv6/tcp_ipv6.c, get_tcp6_sock: addresses are printed as words of 32 bits in the byte order of
the machine, which is little-endian on x86-64 and ARM64.
"""

import ipaddress
import re
import sys
from collections.abc import Iterable
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

ESTABLISHED, LISTENING = "01", "0A"
"""Source: Linux include/net/tcp_states.h."""

Peer = tuple[str, int]
"""Address and port of the other end: what tells one connection of a port from another."""


class NotSockets(ValueError):
    """A text that is not the kernel's list of sockets; its text is one line for the user."""


class Socket(NamedTuple):
    """A socket that listens on the port, or one end of a connection to it."""

    inode: int
    """By which a process has it open; 0 where none has."""
    listening: bool
    local: bool
    """Whether the port is its own, and not that of the other end."""
    own: Peer
    other: Peer


def peers(text: str, port: int) -> list[Peer]:
    """List the other ends of the connections that are established to local `port`.

    Those of tcp and tcp6 may stand in one text. Addresses of IPv4 that are mapped into IPv6, as
    a socket that listens to both has them, are IPv4.

    Raises:
        NotSockets: the text has no heading of the kernel's.
    """
    if not text.lstrip().startswith("sl "):
        lines = text.splitlines()
        shown = lines[0].strip()[:60] if lines else "nothing"
        raise NotSockets(f"not the kernel's list of sockets: {shown}")
    line = re.compile(
        rf"^ *\d+: [0-9A-F]+:{port:04X} {_END} {ESTABLISHED} ",
        re.MULTILINE,
    )
    return [(_address(words), int(remote, 16)) for words, remote in line.findall(text)]


def sockets(text: str, port: int) -> list[Socket]:
    """List the sockets of this machine that have to do with `port`, at either end."""
    found = []
    for own, own_port, other, other_port, state, inode in _LINE.findall(text):
        local = int(own_port, 16) == port
        if local or int(other_port, 16) == port:
            ends = ((_address(own), int(own_port, 16)), (_address(other), int(other_port, 16)))
            found.append(Socket(int(inode), state == LISTENING, local, *ends))
    return found


def listening(lines: Iterable[str]) -> list[Peer]:
    """List the addresses and ports that are listened on, each as often as it is.

    The kernel lists them before all connections, however many those are: the rest is not read.
    Source: Linux net/ipv4/tcp_ipv4.c, tcp_seq_start.

    Raises:
        NotSockets: a line is of another form.
    """
    found = []
    for line in islice(lines, 1, None):
        try:
            _, own, _, state, *_ = line.split()
            if state != LISTENING:
                break
            words, _, port = own.partition(":")
            found.append((_address(words), int(port, 16)))
        except ValueError:
            raise NotSockets(f"not the kernel's list of sockets: {line.strip()[:60]}") from None
    return found


_END = "([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})"
_LINE = re.compile(
    rf"^ *\d+: {_END} {_END} ({ESTABLISHED}|{LISTENING}) \S+ \S+ \S+ +\d+ +\d+ (\d+)",
    re.MULTILINE,
)

_MAPPED = b"\0" * 10 + b"\xff\xff"


@lru_cache(maxsize=65_536)
def _address(words: str) -> str:
    """Read an address of one word (IPv4) or four (IPv6)."""
    raw = bytes.fromhex(words)
    if sys.byteorder == "little":
        raw = b"".join(raw[at : at + 4][::-1] for at in range(0, len(raw), 4))
    if len(raw) == 4 or raw.startswith(_MAPPED):
        return ".".join(map(str, raw[-4:]))
    return str(ipaddress.IPv6Address(raw))
