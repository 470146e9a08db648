"""How much one replica can hold, decided from the limits of its process.

A replica that holds less than it should says so when it starts, naming both numbers, instead
of failing in the middle of a run.
"""

from dataclasses import dataclass

from long_lived.resources.limits import ThreadLimit

HELD = 10_000
"""Requests in flight that one replica must hold: after a restart, one may inherit them all."""

RESERVED_FILES = 256
"""Files other than connections: log, listeners, epoll, and those that a request opens for a moment
(Werkzeug an epoll after each answer, gunicorn's gthread one before the first request)."""

RESERVED_THREADS = 64
"""Threads and processes under the same limit that serve no request."""

MOST = 100_000
"""Bound where the file limit is huge (container runtimes allow a billion): twice the ephemeral
ports of one client, and the table of file descriptors still fits into memory."""

MOST_FILES = MOST + RESERVED_FILES


@dataclass(frozen=True)
class Capacity:
    """What one replica can hold."""

    connections: int
    """Most connections open at once."""

    threads: int
    """Most requests in flight where each takes a thread."""

    warnings: tuple[str, ...] = ()
    """What falls short, one line each."""


def most_connections(files: int) -> int:
    """Return how many connections that many open files allow."""
    return max(1, min(files - RESERVED_FILES, MOST))


def plan(files: int, limit: ThreadLimit | None, *, threads: int | None = None) -> Capacity:
    """Decide what a replica can hold.

    Args:
        files: most open files of the process.
        limit: most threads; None where nothing limits them.
        threads: where each request in flight takes a thread, how many are asked for: 0 means one
            for each connection. None where requests take none.
    """
    connections = most_connections(files)
    room = max(1, limit.threads - RESERVED_THREADS) if limit else MOST
    asked = min(threads or connections, connections)
    warnings = []
    if connections < HELD:
        warnings.append(
            f"The limit of {files} open files allows {connections} connections, fewer than the "
            f"{HELD} that one replica should hold: raise the hard limit (ulimit -Hn, LimitNOFILE)"
        )
    if threads is not None and limit and room < min(asked, HELD):
        warnings.append(
            f"The limit of {limit.threads} threads in {limit.file} allows {room} requests in "
            f"flight, fewer than {min(asked, HELD)}: each takes a thread"
        )
    return Capacity(connections, min(asked, room), tuple(warnings))
