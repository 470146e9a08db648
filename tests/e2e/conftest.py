"""Tells a fixture that its test failed."""

from collections.abc import Generator

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Mark a test that broke, for the steps that build on it."""
    report = yield
    if call.when in ("setup", "call") and report.failed:
        item.broke = True  # type: ignore[attr-defined]
    return report


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the current cluster alone unless asked: `make test` must not touch it."""
    if "e2e" not in config.option.markexpr:
        skip = pytest.mark.skip(reason="works on the current Kubernetes context: run make e2e")
        for item in items:
            if item.get_closest_marker("e2e"):
                item.add_marker(skip)
