"""The kind of an event, recognized from what happened."""

import pytest

from long_lived.lab.analysis.events.change import Change
from long_lived.lab.analysis.events.kind import Kind, kind_of

FIRST = ["a", "b", "c"]

TOLD = {
    "restart": (Kind.RESTART, [Change(10, "b", 11, "d", 13), Change(10, "c", 11, "e", 13)]),
    "one-by-one": (Kind.RESTART, [Change(10, "b", 11, "d", 13), Change(13, "c", 14, "e", 16)]),
    "all-at-once": (
        Kind.RESTART,
        [Change(10, old, 11, new, 13) for old, new in zip(FIRST, "def", strict=True)],
    ),
    "rollout": (
        Kind.ROLLOUT,
        [
            change
            for at, (old, new) in enumerate(zip(FIRST, "def", strict=True))
            for change in (
                Change(10.0 + at, None, None, new, 10.5 + at),
                Change(10.6 + at, old, 12.0 + at, for_good=True),
            )
        ],
    ),
    "inferred-rollout": (
        Kind.ROLLOUT,
        [
            Change(10.0 + at, old, 10.0 + at, new, 11.0 + at, inferred=True)
            for at, (old, new) in enumerate(zip(FIRST, "def", strict=True))
        ],
    ),
    "scale-up": (Kind.SCALE_UP, [Change(10, None, None, "d", 13)]),
    "scale-up-never-ready": (Kind.SCALE_UP, [Change(10), Change(10, None, None, "d")]),
    "scale-down": (Kind.SCALE_DOWN, [Change(10, "c", 13, for_good=True)]),
    "crash": (Kind.IN_PLACE, [Change(10, "c", 10, "c", 13)]),
    "crash-and-restart": (
        Kind.RESTART,
        [Change(10, "c", 10, "c", 13), Change(10, "b", 11, "d", 13)],
    ),
}


@pytest.mark.parametrize("name", TOLD)
def test_kind_is_what_happened(name: str) -> None:
    """Who went, who came, and in which order decide; the plan does not."""
    kind, changes = TOLD[name]
    assert kind_of(changes, FIRST) is kind


def test_change_is_over_when_the_new_replica_is_ready_or_the_old_one_gone() -> None:
    """A replaced replica may drain on; one that goes for good is waited for."""
    assert Change(10, "b", None, "d", 13).over_unix_seconds == 13
    assert Change(10, "b", 11, "d").over_unix_seconds is None
    assert Change(10, "b", 11, for_good=True).over_unix_seconds == 11
    assert Change(10, "b", for_good=True).over_unix_seconds is None
