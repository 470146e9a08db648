"""What the machine must allow: each limit that is too low is named, with both numbers."""

import pytest

from long_lived.client.preflight.limits import Limits, Needs, check, needs, read_limits
from long_lived.resources.limits import ThreadLimit
from long_lived.settings import load


def threads(most: int) -> ThreadLimit:
    """Limit threads like a container."""
    return ThreadLimit(most, "/sys/fs/cgroup/pids.max")


PLENTY = Limits(open_files=10**6, threads=threads(10**6), memory_maps=10**7, ports=60_000)
NEEDED = Needs(open_files=10_064, threads=10_016, ports=10_000)


def limits(**changed: int | ThreadLimit | None) -> Limits:
    """Make limits that are high enough, except those given."""
    return Limits(**{**vars(PLENTY), **changed})


@pytest.mark.parametrize(
    ("limit", "too_low", "words", "needed"),
    [
        ("open_files", 10_063, "open files", 10_064),
        ("threads", 10_015, "threads", 10_016),
        ("memory_maps", 22_031, "memory maps", 22_032),
        ("ports", 9_999, "source ports", 10_000),
    ],
)
def test_limit_that_is_too_low_is_named_with_both_numbers(
    limit: str, too_low: int, words: str, needed: int
) -> None:
    """One below what is needed gives a line with both numbers; exactly enough gives none."""
    set_to = threads if limit == "threads" else int
    (line,) = check(limits(**{limit: set_to(too_low)}), NEEDED)
    assert line.startswith(f"{words}: {needed} are needed")
    assert str(too_low) in line
    assert check(limits(**{limit: set_to(too_low + 1)}), NEEDED) == []
    assert check(limits(**{limit: None}), NEEDED) == []


def test_limit_on_threads_is_named_with_its_file() -> None:
    """Of the four files that can limit threads, only the one named must be raised."""
    (line,) = check(limits(threads=threads(100)), NEEDED)
    assert "100 are allowed by /sys/fs/cgroup/pids.max" in line


def test_all_limits_that_are_too_low_are_named() -> None:
    """Whoever has to raise limits learns all of them at once."""
    assert len(check(Limits(1, threads(1), 1, 1), NEEDED)) == 4


@pytest.mark.parametrize(
    ("engine", "expected"),
    [("threads", Needs(5064, 5016, 5000)), ("gevent", Needs(5064, 16, 5000))],
)
def test_needs_follow_from_users_and_engine(engine: str, expected: Needs) -> None:
    """Each user needs a thread only where users are threads."""
    settings = load([], [f"client.concurrency=5000,client.engine={engine}"], {})
    assert needs(settings) == expected


@pytest.mark.parametrize(
    ("settings", "files"),
    [
        ("client.balancing=headless", 5064),
        ("client.connections=shared", 5064),
        ("client.balancing=headless,client.connections=shared-fifo", 5000 + 5064 + 64),
    ],
)
def test_client_that_balances_requests_may_hold_idle_connections_too(
    settings: str, files: int
) -> None:
    """All idle ones may lead to replicas that are not being chosen."""
    assert needs(load([], [f"client.concurrency=5000,{settings}"], {})).open_files == files


def test_limits_of_this_machine_can_be_read() -> None:
    """On Linux every limit is a number or None."""
    found = read_limits()
    numbers = [found.open_files, found.threads and found.threads.threads, found.memory_maps]
    assert all(number is None or number > 0 for number in numbers)
    assert found.ports
    assert found.ports > 1000
