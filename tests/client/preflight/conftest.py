"""Scripted replicas for the tests of the wait; each ends with its test."""

from collections.abc import Iterator

import pytest

from long_lived.client.preflight import readiness

from .replicas import Replicas, Replies


@pytest.fixture
def replicas(monkeypatch: pytest.MonkeyPatch) -> Iterator[Replicas]:
    """Make replicas; each ends with the test."""
    started = Replicas()
    monkeypatch.setattr(readiness, "lookup", started.lookup)
    yield started
    started.stop()


@pytest.fixture
def abc(replicas: Replicas) -> Replicas:
    """Make three replicas that are ready: a, b and c."""
    replicas.start(Replies("ready a"), Replies("ready b"), Replies("ready c"))
    return replicas
