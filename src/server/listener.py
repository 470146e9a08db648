"""The listening sockets of a replica: addresses, SO_REUSEPORT, backlog.

They are opened here, once, and handed to the runtime, which accepts and closes. With
SO_REUSEPORT the kernel queues connections on a socket until its last copy in any
process is closed: a runtime must keep no spare copy.
"""

import errno
import os
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

SOMAXCONN = Path("/proc/sys/net/core/somaxconn")


class ListenError(OSError):
    """An address that cannot be listened on; its text is one line for the user."""


@dataclass(frozen=True)
class ListenerName:
    """Stands in for a closed listener whose address is still asked for."""

    address: tuple[object, ...]

    def getsockname(self) -> tuple[object, ...]:
        """Return the address that the listener was bound to."""
        return self.address


def parse_bind(text: str) -> tuple[str, int]:
    """Split HOST:PORT; an IPv6 host stands in brackets.

    Raises:
        ListenError: another form, or a port outside 0 to 65535.
    """
    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    bare = host[1:-1] if bracketed else host
    valid = (
        colon
        and bare
        and (":" in bare) == bracketed
        and not any(char in "[]/ " or not char.isprintable() for char in bare)
        and port.isascii()
        and port.isdigit()
        and int(port) <= 65_535
    )
    if not valid:
        raise ListenError(
            f"--bind {text!r} is not allowed: must be HOST:PORT or [IPV6]:PORT, "
            "with a port from 0 to 65535"
        )
    return bare, int(port)


def open_listeners(
    binds: Sequence[str], port: int, backlog: int, *, reuse_port: bool
) -> list[socket.socket]:
    """Open a listening socket for each of `binds`; none means all interfaces on `port`.

    Raises:
        ListenError: an address that cannot be parsed, found or bound.
    """
    if not binds:
        return [_open_everywhere(port, backlog, reuse_port=reuse_port)]
    opened = []
    for host, own_port in [parse_bind(bind) for bind in binds]:
        shown = f"[{host}]:{own_port}" if ":" in host else f"{host}:{own_port}"
        try:
            found = socket.getaddrinfo(
                host, own_port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )
            family, _, _, _, address = found[0]
            opened.append(_open(family, address, backlog, reuse_port=reuse_port))
        except (OSError, UnicodeError) as error:
            raise ListenError(f"cannot listen on {shown}: {_reason(error)}") from None
    return opened


def urls(listeners: Iterable[socket.socket]) -> str:
    """Return the addresses of `listeners` as http URLs, separated by blanks."""
    addresses = [listener.getsockname()[:2] for listener in listeners]
    return " ".join(
        f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
        for host, port in addresses
    )


def somaxconn() -> int | None:
    """Return the kernel's cap on a backlog; None where it cannot be read."""
    try:
        return int(SOMAXCONN.read_text())
    except (OSError, ValueError):
        return None


def backlog_warning(backlog: int, cap: int | None) -> str | None:
    """Return what to expect where the kernel's `cap` is below `backlog`; None where it is not."""
    if cap is None or cap >= backlog:
        return None
    return (
        f"The listen queue holds {cap} connections, not server.backlog = {backlog}: "
        "net.core.somaxconn caps it. Connections beyond that in a burst wait for a "
        "retransmission (1, 3, 7 s)"
    )


def _open_everywhere(port: int, backlog: int, *, reuse_port: bool) -> socket.socket:
    try:
        try:
            return _open(socket.AF_INET6, ("::", port), backlog, reuse_port=reuse_port)
        except OSError as error:
            if error.errno not in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL):
                raise
            return _open(socket.AF_INET, ("0.0.0.0", port), backlog, reuse_port=reuse_port)
    except OSError as error:
        raise ListenError(f"cannot listen on port {port}: {_reason(error)}") from None


def _open(
    family: int, address: tuple[object, ...], backlog: int, *, reuse_port: bool
) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        # A replica that takes over a port must not wait until its predecessor's connections
        # have left TIME_WAIT. On Linux this does not let two sockets listen on one port: socket(7).
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            only = address[0] != "::"
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
        # Accepted sockets inherit this on Linux: answers must not wait for Nagle's algorithm.
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.bind(address)
        opened.listen(backlog)
    except BaseException:
        opened.close()
        raise
    return opened


def _reason(error: OSError | UnicodeError) -> str:
    if isinstance(error, socket.gaierror):
        return f"{error.strerror or error}"
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    return str(error)
