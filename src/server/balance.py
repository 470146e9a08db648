"""What the kernel is told: which listener a connection goes to, and when none goes there any more.

A filter makes it choose at random among the listeners that share a port, as kube-proxy does.

By itself SO_REUSEPORT chooses by a hash of addresses and ports. That looks random until a client
with thousands of connections opens more: it uses the ports that are still free, and their hashes
are those that did not lead to the replicas it is still connected to. Measured with 10,000 users
on gunicorn, after a restart of two of three replicas: of 6,493 new connections the three got
2,702, 2,770 and 1,021, where chance gives 2,164 ± 38 each.

So we attach a filter that draws a random number for each connection. A number beyond the last
listener (while a replica is missing) makes the kernel fall back to its hash, and a listener beyond
the largest number gets nothing. So the filter has to be told anew when listeners come or go.
Source: socket(7), SO_ATTACH_REUSEPORT_CBPF; Linux net/core/sock_reuseport.c.
"""

import ctypes
import socket
import struct
from contextlib import suppress
from typing import Any

SO_ATTACH_REUSEPORT_CBPF = getattr(socket, "SO_ATTACH_REUSEPORT_CBPF", 51)
"""The same number on x86-64, ARM and RISC-V. Source: Linux asm-generic/socket.h."""

LOAD_WORD, MODULO, RETURN = 0x20, 0x94, 0x16
"""BPF_LD|BPF_W|BPF_ABS, BPF_ALU|BPF_MOD|BPF_K, BPF_RET|BPF_A. Source: Linux linux/filter.h."""

RANDOM = 0xFFFFF000 + 56
"""Address at which a filter reads a random number. Source: SKF_AD_OFF + SKF_AD_RANDOM,
linux/filter.h."""

IP_MINTTL, IPV6_MINHOPCOUNT, LARGEST_TTL = 21, 73, 255
"""Packets with a smaller TTL are dropped. Source: Linux linux/in.h, linux/in6.h."""

HASH_WARNING = (
    "The kernel refuses the filter that chooses at random among the replicas on this port, and "
    "keeps choosing by a hash of addresses and ports: a client that holds thousands of "
    "connections and opens more, as after a restart, does not spread them evenly"
)


def balance_at_random(listener: socket.socket, replicas: int) -> bool:
    """Let the kernel choose at random among the `replicas` listeners on this port.

    Affects the whole group from now on; call it once `listener` listens. Returns False where the
    kernel cannot do that and goes on choosing by its hash.
    """
    draw = ((LOAD_WORD, 0, 0, RANDOM), (MODULO, 0, 0, replicas), (RETURN, 0, 0, 0))
    program = b"".join(struct.pack("=HBBI", *one) for one in draw)
    code = ctypes.create_string_buffer(program)
    try:
        pointed = struct.pack("@HP", len(draw), ctypes.addressof(code))
        listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, pointed)
    except OSError:
        return False
    return True


def drop_all(listener: Any) -> None:
    """Let no connection into the listen() queue any more, and refuse none.

    Between a last accept() and close() the kernel would go on queueing connections there, and then
    reset them. Instead, what asks for one is dropped, as of a host that is too far away: the
    client's kernel asks again a second later, and is refused or led to another listener. Only
    whoever sends with the largest TTL is not dropped. Where the kernel cannot do that, nothing
    changes. Source: ip(7), IP_MINTTL; ipv6(7); Linux net/ipv4/tcp_ipv4.c, tcp_v4_rcv.

    A filter that drops packets (SO_ATTACH_FILTER) would need privileges: newer kernels refuse it on
    TCP sockets without CAP_NET_ADMIN.
    """
    _take_from(listener, LARGEST_TTL)


def drop_nothing(connection: Any) -> None:
    """Read what the peer sends on a connection that was accepted after `drop_all`.

    One whose handshake had begun by then has inherited the listener's least TTL.
    """
    _take_from(connection, 0)


def _take_from(sock: Any, least_ttl: int) -> None:
    with suppress(OSError):
        sock.setsockopt(socket.IPPROTO_IP, IP_MINTTL, least_ttl)
        if sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, IPV6_MINHOPCOUNT, least_ttl)
