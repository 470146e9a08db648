"""Values that contradict each other: one line with both."""

import pytest

from long_lived.settings import load

from .reasons import nested, reason


@pytest.mark.parametrize("section", ["server.delay", "client.thinkTime"])
def test_minimum_above_maximum_is_refused(section: str, write_values) -> None:
    """A range that holds no value is refused with both of its ends."""
    file = write_values(nested(section, "{minSeconds: 5.25, maxSeconds: 5.125}"))
    assert reason([file], [], {}) == (
        f"{section}.minSeconds = 5.25 is above {section}.maxSeconds = 5.125: "
        f"must be at most 5.125 (in {file} line 1)"
    )


def test_minimum_equal_to_maximum_is_allowed() -> None:
    """A range of one value is a range."""
    loaded = load([], ["server.delay.minSeconds=5,server.delay.maxSeconds=5"], {})
    assert loaded.server.delay.min_seconds == loaded.server.delay.max_seconds == 5


def test_minimum_above_the_default_maximum_is_refused() -> None:
    """A range is checked as a whole, defaults included."""
    assert reason([], ["client.thinkTime.minSeconds=4"], {}) == (
        "client.thinkTime.minSeconds = 4 is above client.thinkTime.maxSeconds = 3: "
        "must be at most 3 (in --set client.thinkTime.minSeconds=4)"
    )


def test_ends_that_differ_little_are_shown_apart() -> None:
    """The two ends of a refused range never look equal."""
    ends = "server.delay.minSeconds=1234.5679,server.delay.maxSeconds=1234.5678"
    assert "1234.5679 is above server.delay.maxSeconds = 1234.5678" in reason([], [ends], {})


IMPOSSIBLE_RESTARTS = [
    (
        "experiment.restart.afterSeconds=5,experiment.restart.keep=3",
        "experiment.restart.keep = 3 is not below server.replicas = 3: must be less than 3",
    ),
    (
        "server.replicas=1,experiment.restart.afterSeconds=5",
        "experiment.restart.keep = 1 is not below server.replicas = 1: must be less than 1",
    ),
    (
        "client.durationSeconds=10,experiment.restart.afterSeconds=10",
        "experiment.restart.afterSeconds = 10 is not below client.durationSeconds = 10: "
        "must be less than 10",
    ),
    (
        "client.durationSeconds=1.5,experiment.restart.afterSeconds=1.625",
        "experiment.restart.afterSeconds = 1.625 is not below client.durationSeconds = 1.5: "
        "must be less than 1.5",
    ),
]


@pytest.mark.parametrize(("override", "words"), IMPOSSIBLE_RESTARTS)
def test_restart_that_cannot_be_is_refused(override: str, words: str) -> None:
    """A restart of no replica, and one after the end, are refused with both values."""
    assert reason([], [override], {}).removesuffix(f" (in --set {override})") == words


def test_restart_that_cannot_be_is_refused_with_its_origin(write_values) -> None:
    """The source of the refused value is named, not that of its limit."""
    file = write_values("experiment: {restart: {afterSeconds: 5, keep: 2}}")
    assert reason([file], ["server.replicas=2"], {}).endswith(f"less than 2 (in {file} line 1)")


@pytest.mark.parametrize(
    "override",
    [
        "experiment.restart.afterSeconds=5,experiment.restart.keep=2",
        "server.replicas=1,experiment.restart.afterSeconds=5,experiment.restart.keep=0",
        "client.durationSeconds=10,experiment.restart.afterSeconds=9.5",
        "client.durationSeconds=0,experiment.restart.afterSeconds=10",
        "server.replicas=1,experiment.restart.keep=1000",
        "client.durationSeconds=10,experiment.restart.afterSeconds=0",
    ],
    ids=["fewer-kept", "none-kept", "before-the-end", "no-end", "never-any-kept", "never"],
)
def test_restart_that_can_be_is_allowed(override: str) -> None:
    """The twins: one replica to restart, in a run that still goes on; or no restart at all."""
    assert load([], [override], {})
