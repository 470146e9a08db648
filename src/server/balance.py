"""Filters of the kernel's: which listener a connection goes to, and when none goes there any more.

One makes the kernel choose at random among the listeners that share a port, as kube-proxy does.

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
from collections.abc import Sequence
from typing import Any

SO_ATTACH_REUSEPORT_CBPF = getattr(socket, "SO_ATTACH_REUSEPORT_CBPF", 51)
"""The same number on x86-64, ARM and RISC-V. Source: Linux asm-generic/socket.h."""

SO_ATTACH_FILTER = getattr(socket, "SO_ATTACH_FILTER", 26)

LOAD_WORD, MODULO, RETURN, RETURN_CONSTANT = 0x20, 0x94, 0x16, 0x06
"""BPF_LD|BPF_W|BPF_ABS, BPF_ALU|BPF_MOD|BPF_K, BPF_RET|BPF_A, BPF_RET|BPF_K. Source: Linux
linux/filter.h."""

RANDOM = 0xFFFFF000 + 56
"""Address at which a filter reads a random number. Source: SKF_AD_OFF + SKF_AD_RANDOM,
linux/filter.h."""

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
    return _attach(listener, SO_ATTACH_REUSEPORT_CBPF, draw)


def drop_all(listener: Any) -> bool:
    """Let no connection into the listen() queue any more, and refuse none.

    Every packet for `listener` is dropped. Between a last accept() and close() the kernel would go
    on queueing connections there, and then reset them. So they are established nowhere: the
    client's kernel asks again a second later, and is refused or led to another listener. Returns
    False where the kernel cannot do that, and nothing changes. Source: socket(7), SO_ATTACH_FILTER.
    """
    return _attach(listener, SO_ATTACH_FILTER, ((RETURN_CONSTANT, 0, 0, 0),))


def _attach(listener: Any, option: int, instructions: Sequence[tuple[int, int, int, int]]) -> bool:
    program = b"".join(struct.pack("=HBBI", *one) for one in instructions)
    code = ctypes.create_string_buffer(program)
    try:
        pointed = struct.pack("@HP", len(instructions), ctypes.addressof(code))
        listener.setsockopt(socket.SOL_SOCKET, option, pointed)
    except OSError:
        return False
    return True
