"""What holds for every test of the project."""

from collections import Counter, defaultdict
from pathlib import PurePosixPath

import hypothesis
import pytest

hypothesis.settings.register_profile("repeatable", deadline=None, derandomize=True)
hypothesis.settings.register_profile("search", deadline=None, print_blob=True)
hypothesis.settings.load_profile("repeatable")
"""The same examples in every run; `pytest --hypothesis-profile search` looks for new ones."""


@pytest.hookimpl(tryfirst=True)  # before xdist, which reads the groups in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep in one worker what starts a cluster of its own: two at once starve each other."""
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        if "place" in fixtures and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group("place"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how long the tests of each folder took: set-up, call and tear-down, of all workers."""
    seconds: defaultdict[str, float] = defaultdict(float)
    tests: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                folder = str(PurePosixPath(report.nodeid.partition("::")[0]).parent)
                seconds[folder] += report.duration
                tests[folder] += report.when == "setup"
    if len(seconds) > 1:
        terminalreporter.section("seconds in each folder")
        for folder in sorted(seconds, key=lambda one: -seconds[one]):
            terminalreporter.line(f"{seconds[folder]:7.1f} s {tests[folder]:6} tests  {folder}")
