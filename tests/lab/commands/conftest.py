"""Labs on this machine, for the tests of the commands."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.lab.commands.lab import Start, starter


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start labs; each ends with the test."""
    with starter(tmp_path) as begin:
        yield begin
