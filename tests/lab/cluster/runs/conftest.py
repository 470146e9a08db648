"""Miniature clusters with the real helm and kubectl, and pods that really run."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cluster.miniature import running
from tests.cluster.place import Place
from tests.lab.cluster.runs.lab import Lab


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Yield an empty cluster."""
    with running(tmp_path, start_delay_seconds=0.5) as (cluster, kubeconfig):
        yield Place(cluster, kubeconfig)


@pytest.fixture
def lab(place: Place, tmp_path: Path) -> Lab:
    """Return the command."""
    return Lab(place, tmp_path)
