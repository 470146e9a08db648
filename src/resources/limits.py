"""The limits that ten thousand connections and threads in one process run into.

Read from the kernel, the control group and the process itself; None where there is no limit,
or none can be read.
"""

import resource
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/")
"""Where `proc` and `sys` are mounted."""


@dataclass(frozen=True)
class ThreadLimit:
    """The lowest limit on threads, and the file that sets it."""

    threads: int
    file: str


@dataclass(frozen=True)
class FileLimits:
    """The limits on open files; None means no limit."""

    soft: int | None
    hard: int | None


def open_files() -> FileLimits:
    """Read the limits on open files."""
    return FileLimits(
        *(
            None if value == resource.RLIM_INFINITY else value
            for value in resource.getrlimit(resource.RLIMIT_NOFILE)
        )
    )


def raise_open_files(wanted: int) -> int:
    """Raise the soft limit on open files to `wanted`, or as far as the hard one allows.

    It is never lowered, and the hard limit stays as it is.

    Returns:
        How many files can be open now: the soft limit, or `wanted` where there is none.
    """
    limits = open_files()
    if limits.soft is None:
        return wanted
    soft = wanted if limits.hard is None else min(wanted, limits.hard)
    if soft > limits.soft:
        hard = resource.RLIM_INFINITY if limits.hard is None else limits.hard
        # Refused where the kernel's fs.nr_open is lower; we return what is in force.
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return open_files().soft or wanted


def thread_limit(root: Path = ROOT) -> ThreadLimit | None:
    """Return the lowest limit on threads, of the control groups or of the kernel.

    Source: cgroups(7), "pids.max"; proc(5), "threads-max" and "pid_max".
    """
    kernel = root / "proc/sys/kernel"
    files = [kernel / "threads-max", kernel / "pid_max", *_control_group_files(root)]
    found = []
    for file in files:
        # Missing on other kernels; "max" in a control group means no limit.
        with suppress(OSError, ValueError):
            found.append(ThreadLimit(int(file.read_text(encoding="ascii")), str(file)))
    return min(found, key=lambda limit: limit.threads, default=None)


def _control_group_files(root: Path) -> list[Path]:
    """List `pids.max` of this process's groups (versions 1 and 2) and of all above them.

    In a container the root of the mounted tree is the container's own group.
    """
    mounts = {"": root / "sys/fs/cgroup", "pids": root / "sys/fs/cgroup/pids"}
    groups = list(mounts.values())
    with suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers in mounts:
                own = mounts[controllers] / path.lstrip("/")
                groups += [own, *(up for up in own.parents if mounts[controllers] in up.parents)]
    return [group / "pids.max" for group in groups]
