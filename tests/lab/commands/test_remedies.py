"""The remedies in values/remedies, combined with every event."""

from pathlib import Path

import pytest

from long_lived.settings import load
from long_lived.settings.places import SCENARIOS

REMEDIES = sorted((SCENARIOS / "remedies").glob("*.yaml"))
EVENTS = sorted((SCENARIOS / "events").glob("*.yaml"))


@pytest.mark.parametrize("file", REMEDIES, ids=lambda file: file.stem)
def test_remedy_is_named_like_its_file_and_says_what_to_expect(file: Path) -> None:
    """Its header is for the reader, its name for the row of the table."""
    text = file.read_text(encoding="utf-8")
    assert "\n# Expect: " in text
    assert load([file], environment={}).experiment.name == file.stem


@pytest.mark.parametrize("event", EVENTS, ids=lambda file: file.stem)
def test_remedies_change_neither_load_nor_event(event: Path) -> None:
    """All remedies face the same load and the same event, so they can be compared."""
    alone = load([event], environment={})
    for file in REMEDIES:
        both = load([event, file], environment={})
        assert both.experiment.event == alone.experiment.event
        for own, base in ((both.client, alone.client), (both.server, alone.server)):
            for key in ("concurrency", "duration_seconds", "think_time", "delay", "replicas"):
                assert getattr(own, key, None) == getattr(base, key, None), (file, key)


def test_remedy_that_cures_says_so() -> None:
    """A remedy that should be even after any event expects so; the others leave it to the event."""
    cures = {
        file.stem for file in REMEDIES if load([file], environment={}).experiment.expect == "even"
    }
    assert {"recycle", "server-limit", "headless", "haproxy", "per-request"} <= cures
