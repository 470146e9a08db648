"""What the machine must allow: each limit that is too low is named with both numbers."""

import subprocess
import sys

import pytest

from client.preflight import Limits, Needs, check, needs, raise_file_limit, read_limits
from settings import load

PLENTY = Limits(
    open_files_soft=10**6, open_files_hard=10**6, threads=10**6, memory_maps=10**7, ports=60_000
)
NEEDED = Needs(open_files=10_064, threads=10_016, ports=10_000)


def limits(**changed: int | None) -> Limits:
    """Make limits that suffice, but for those given."""
    return Limits(**{**vars(PLENTY), **changed})


@pytest.mark.parametrize(
    ("limit", "too_low", "words", "needed"),
    [
        ("open_files_hard", 10_063, "open files", 10_064),
        ("threads", 10_015, "threads", 10_016),
        ("memory_maps", 22_031, "memory maps", 22_032),
        ("ports", 9_999, "source ports", 10_000),
    ],
)
def test_limit_that_is_too_low_is_named_with_both_numbers(
    limit: str, too_low: int, words: str, needed: int
) -> None:
    """One below what is needed is a line with both numbers; exactly what is needed is none."""
    (line,) = check(limits(**{limit: too_low}), NEEDED)
    assert line.startswith(f"{words}: {needed} are needed")
    assert str(too_low) in line
    assert check(limits(**{limit: too_low + 1}), NEEDED) == []
    assert check(limits(**{limit: None}), NEEDED) == []


def test_soft_limit_that_is_too_low_is_no_problem() -> None:
    """The soft limit is raised, not complained of."""
    assert check(limits(open_files_soft=10), NEEDED) == []


def test_all_limits_that_are_too_low_are_named() -> None:
    """Whoever has to raise limits hears of all of them at once."""
    assert len(check(Limits(1, 1, 1, 1, 1), NEEDED)) == 4


@pytest.mark.parametrize(
    ("engine", "expected"),
    [("threads", Needs(5064, 5016, 5000)), ("gevent", Needs(5064, 16, 5000))],
)
def test_needs_follow_from_users_and_engine(engine: str, expected: Needs) -> None:
    """A thread for each user only where users are threads."""
    settings = load([], [f"client.concurrency=5000,client.engine={engine}"], {})
    assert needs(settings) == expected


def test_limits_of_this_machine_can_be_read() -> None:
    """On Linux every limit is a number, or there is none."""
    found = vars(read_limits())
    assert all(value is None or value > 0 for value in found.values())
    assert found["ports"] > 1000


@pytest.mark.parametrize(
    ("needed", "soft"), [(300, 300), (100, 128)], ids=["raised", "never-lowered"]
)
def test_soft_limit_is_raised_to_what_is_needed(needed: int, soft: int) -> None:
    """The soft limit goes up to what is needed, and never down; the hard limit stays."""
    program = (
        "import resource as r; from client.preflight import *\n"
        "r.setrlimit(r.RLIMIT_NOFILE, (128, 400))\n"
        f"raise_file_limit(read_limits(), Needs({needed}, 1, 1))\n"
        "print(*r.getrlimit(r.RLIMIT_NOFILE))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True
    )
    assert run.stdout.split() == [str(soft), "400"]


def test_limit_that_suffices_is_left_alone() -> None:
    """Nothing is set where nothing must be."""
    before = read_limits()
    raise_file_limit(before, Needs(1, 1, 1))
    assert read_limits() == before
