"""How much one replica can hold, from the limits of its process.

`plan` decides from numbers and does no I/O; `raise_file_limit` and `thread_limit`
read and set them. A replica that holds less than it should says so at its start,
naming both numbers, instead of failing in the middle of a run.
"""

import resource
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from settings import Server

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

THREAD_LIMITS = (
    Path("/sys/fs/cgroup/pids.max"),
    Path("/sys/fs/cgroup/pids/pids.max"),
    Path("/proc/sys/kernel/threads-max"),
    Path("/proc/sys/kernel/pid_max"),
)
"""Limits on threads: of the container (cgroup v2 and v1), of the kernel.
Source: cgroups(7), proc(5)."""


@dataclass(frozen=True)
class ThreadLimit:
    """The lowest limit on threads, and the file that sets it."""

    threads: int
    file: str


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
    class_ = server.gunicorn.worker_class if server.runtime == "gunicorn" else None
    asked = (class_ == "gthread" and server.gunicorn.threads) or connections
    capacity = Capacity(connections, min(asked, room))
    if class_ == "sync":
        return capacity

    warnings = []
    if connections < HELD:
        warnings.append(
            f"The limit of {files} open files carries {connections} connections, fewer than the "
            f"{HELD} that one replica should hold: raise the hard limit (ulimit -Hn, LimitNOFILE)"
        )
    if (server.runtime == "flask" or class_ == "gthread") and limit and room < min(asked, HELD):
        warnings.append(
            f"The limit of {limit.threads} threads in {limit.file} carries {room} requests in "
            f"flight, fewer than {min(asked, HELD)}: each takes a thread"
        )
    return Capacity(capacity.connections, capacity.threads, tuple(warnings))


def raise_file_limit() -> int:
    """Raise the soft limit on open files to the hard one; return what is in force."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST + RESERVED_FILES if hard == resource.RLIM_INFINITY else hard
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def thread_limit(files: Iterable[Path] = THREAD_LIMITS) -> ThreadLimit | None:
    """Return the lowest limit on threads that `files` name; None where there is none."""
    found = []
    for file in files:
        # Missing on other kernels; "max" in a cgroup means no limit.
        with suppress(OSError, ValueError):
            found.append(ThreadLimit(int(file.read_text()), str(file)))
    return min(found, key=lambda limit: limit.threads, default=None)
