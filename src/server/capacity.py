"""How much one replica can hold, decided from the limits of its process.

A replica that holds less than it should says so at its start, naming both numbers, instead
of failing in the middle of a run.
"""

from dataclasses import dataclass

from long_lived.resources.limits import ThreadLimit
from long_lived.settings import Server

HELD = 10_000
"""Requests in flight that one replica must hold: after a restart, one may inherit them all."""

RESERVED_FILES = 256
"""Files that are no connection: log, listeners, epoll; and those that a request opens for
moments (Werkzeug an epoll after each answer, gunicorn's gthread one before the first request)."""

RESERVED_THREADS = 64
"""Threads and processes of the same limit that serve no request."""

MOST = 100_000
"""Bound where the file limit is huge (container runtimes allow a billion): twice the ephemeral
ports of one client, and still a table of file descriptors that fits into memory."""

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


def plan(server: Server, files: int, limit: ThreadLimit | None) -> Capacity:
    """Decide what a replica can hold.

    Args:
        server: runtime, worker class and the threads asked for.
        files: most open files of the process.
        limit: most threads; None where nothing limits them.
    """
    connections = max(1, min(files - RESERVED_FILES, MOST))
    room = max(1, limit.threads - RESERVED_THREADS) if limit else MOST
    class_ = server.gunicorn.worker_class if server.runtime == "gunicorn" else ""
    threaded = class_.startswith("gthread")
    # gunicorn's own gthread keeps connections - threads idle ones, and closes the others.
    most = max(1, connections // 2) if class_ == "gthread" else connections
    threads = server.gunicorn.threads if threaded else 0
    asked = min(threads or most, most)
    capacity = Capacity(connections, min(asked, room))
    if class_.startswith("sync"):
        return capacity

    warnings = []
    if class_ == "gthread" and most < (wanted := threads or HELD):
        warnings.append(
            f"The limit of {files} open files carries {connections} connections, of which gthread "
            f"keeps as many as its threads leave over: it gets {most} threads and not {wanted} "
            "(gthread-repaired keeps them all)"
        )
    if connections < HELD:
        warnings.append(
            f"The limit of {files} open files carries {connections} connections, fewer than the "
            f"{HELD} that one replica should hold: raise the hard limit (ulimit -Hn, LimitNOFILE)"
        )
    if (server.runtime == "flask" or threaded) and limit and room < min(asked, HELD):
        warnings.append(
            f"The limit of {limit.threads} threads in {limit.file} carries {room} requests in "
            f"flight, fewer than {min(asked, HELD)}: each takes a thread"
        )
    return Capacity(capacity.connections, capacity.threads, tuple(warnings))
