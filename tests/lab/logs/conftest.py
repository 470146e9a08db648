"""A folder in which a test saves logs."""

from pathlib import Path

import pytest
from tests.lab.logs.saved_logs import Save
from tests.lab.records import saved


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Save logs in the test's own folder."""
    return lambda name, lines: saved(tmp_path, name, lines)
