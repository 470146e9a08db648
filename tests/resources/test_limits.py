"""Limits of a process: which apply, and which can be raised."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from long_lived.resources.limits import (
    FileLimits,
    ThreadLimit,
    open_files,
    raise_open_files,
    thread_limit,
)


@pytest.mark.parametrize(
    ("wanted", "soft"),
    [(300, 300), (100, 128), (9999, 400)],
    ids=["raised", "never-lowered", "as-far-as-the-hard-limit-allows"],
)
def test_soft_limit_is_raised_to_what_is_wanted(wanted: int, soft: int) -> None:
    """The soft limit goes up, never down, and the hard limit stays."""
    program = (
        "import resource as r; from long_lived.resources.limits import raise_open_files\n"
        "r.setrlimit(r.RLIMIT_NOFILE, (128, 400))\n"
        f"print(raise_open_files({wanted}), *r.getrlimit(r.RLIMIT_NOFILE))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True
    )
    assert run.stdout.split() == [str(soft), str(soft), "400"]


def test_limits_on_open_files_are_those_of_the_process() -> None:
    """They match what the kernel says, and a sufficient limit is left alone."""
    before = open_files()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    known = [None if limit == resource.RLIM_INFINITY else limit for limit in (soft, hard)]
    assert before == FileLimits(*known)
    assert raise_open_files(1) >= 1
    assert open_files() == before


def written(file: Path, text: str) -> Path:
    """Write a kernel's file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


@pytest.fixture
def kernel(tmp_path: Path) -> Path:
    """Make a root with a kernel that allows 900 threads."""
    written(tmp_path / "proc/sys/kernel/threads-max", "900\n")
    written(tmp_path / "proc/sys/kernel/pid_max", "4194304\n")
    return tmp_path


@pytest.mark.parametrize(
    ("own", "group"),
    [
        ("0::/\n", "sys/fs/cgroup"),
        ("0::/kubepods/pod1/app\n", "sys/fs/cgroup"),
        ("0::/user.slice/app\n", "sys/fs/cgroup/user.slice/app"),
        ("0::/user.slice/app\n", "sys/fs/cgroup/user.slice"),
        ("9:memory:/m\n4:pids:/user.slice\n", "sys/fs/cgroup/pids/user.slice"),
        ("9:memory:/m\n4:pids:/docker/1\n", "sys/fs/cgroup/pids"),
    ],
    ids=["container", "own-path-unseen", "own", "above", "version-1", "version-1-container"],
)
def test_limit_of_the_control_group_counts(kernel: Path, own: str, group: str) -> None:
    """Any group may set it: the process's own, one above it, or the container's."""
    written(kernel / "proc/self/cgroup", own)
    file = written(kernel / group / "pids.max", "500\n")
    assert thread_limit(kernel) == ThreadLimit(500, str(file))
    file.write_text("max\n")
    assert thread_limit(kernel) == ThreadLimit(900, str(kernel / "proc/sys/kernel/threads-max"))


def test_limit_of_the_kernel_counts_where_it_is_lower(kernel: Path) -> None:
    """The lowest of all limits applies."""
    written(kernel / "sys/fs/cgroup/pids.max", "1000\n")
    limit = thread_limit(kernel)
    assert limit
    assert limit.threads == 900


def test_nothing_that_can_be_read_is_no_limit(tmp_path: Path) -> None:
    """Another kernel has none of these files."""
    assert thread_limit(tmp_path) is None
