"""What the kernel reports about sockets."""

import socket
from pathlib import Path


def free_port() -> int:
    """Return a port at which nothing listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def listeners(port: int) -> set[str]:
    """Return the sockets (inodes) that listen on a port, at any address."""
    lines = map(str.split, Path("/proc/net/tcp").read_text().splitlines()[1:])
    return {line[9] for line in lines if line[1].endswith(f":{port:04X}") and line[3] == "0A"}
