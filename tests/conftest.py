"""What applies to every test of the project."""

import os
import resource
import sys
from collections import Counter, defaultdict
from collections.abc import Generator
from pathlib import PurePosixPath

import hypothesis
import pytest

hypothesis.settings.register_profile("repeatable", deadline=None, derandomize=True)
hypothesis.settings.register_profile("search", deadline=None, print_blob=True)
hypothesis.settings.load_profile("repeatable")
"""The same examples in every run; `pytest --hypothesis-profile search` looks for new ones."""

# The tests start hundreds of processes: without bytecode each would compile the project again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

for name in (
    # What a machine sets for all its programs would change what those on a test's terminal draw.
    *("CI", "FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"),
    # In a pod the cluster around it would be there, which the tests do not expect.
    "KUBERNETES_SERVICE_HOST",
    # What `make test` was called with would be what a test calls make with.
    *("MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "TESTS", "WORKERS"),
):
    os.environ.pop(name, None)

PROCESSOR = "processor seconds"
USED = pytest.StashKey[float]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Record a test phase's CPU time, including the processes it waited for."""
    report = yield
    now = _processor_seconds()
    used = now - item.config.stash.get(USED, 0.0)
    item.config.stash[USED] = now
    report.user_properties = [*report.user_properties, (PROCESSOR, used)]
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Report each folder's wall-clock and CPU time, over all workers."""
    seconds: defaultdict[str, float] = defaultdict(float)
    used: defaultdict[str, float] = defaultdict(float)
    tests: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                folder = str(PurePosixPath(report.nodeid.partition("::")[0]).parent)
                seconds[folder] += report.duration
                used[folder] += dict(report.user_properties).get(
                    PROCESSOR, 0.0
                )  # none if a worker died
                tests[folder] += report.when == "setup"
    if len(seconds) > 1:
        terminalreporter.section("seconds in each folder, and those of processors")
        for folder in sorted(seconds, key=lambda one: -seconds[one]):
            terminalreporter.line(
                f"{seconds[folder]:7.1f} s {used[folder]:7.1f} s {tests[folder]:6} tests  {folder}"
            )


def _processor_seconds() -> float:
    own, others = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime
