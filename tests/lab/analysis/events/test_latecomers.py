"""Latecomers that hold less because they came late: in a restart, in waves, of thirty."""

from collections.abc import Mapping

import pytest
from tests.lab.records import history
from tests.lab.runs import START

from long_lived.lab.analysis.distributions import binomial_at_most
from long_lived.lab.analysis.events.change import Change
from long_lived.lab.analysis.events.latecomers import SERVICE_LAG_SECONDS, Latecomers, latecomers
from long_lived.lab.analysis.history import History
from long_lived.lab.analysis.power import LEVEL
from long_lived.lab.analysis.spread import spread
from long_lived.record.timeline import Timeline

CAME = 10.0
END = 60.0


def came(*names: str, at: float = CAME) -> list[Change]:
    """Make these replacements, all at the same time."""
    return [Change(START + at - 2, None, None, name, START + at) for name in names]


def run(since: Mapping[str, int] | None = None, at: float = CAME + SERVICE_LAG_SECONDS) -> History:
    """Make the history of a run in which this many connections were opened at each time."""
    timeline = Timeline(1.0)
    timeline.add("opened", "a", START)
    timeline.add("answered", "a", START + END)
    for name, count in (since or {}).items():
        if count:
            timeline.add("opened", name, START + at, count)
    return history(timeline)


def late_of(
    held: Mapping[str, int],
    events: list[Change],
    told: History | None = None,
) -> Latecomers | None:
    """Find the latecomers."""
    return latecomers(told or run(), spread(held), events, END)


def test_replacements_that_hold_nothing_came_later_and_are_idle() -> None:
    """The plain case: two of three are new, and the third holds everything."""
    found = late_of({"a": 300, "b": 0, "c": 0}, came("b", "c"))
    assert found is not None
    assert (found.replicas, found.held, found.ratio) == (["b", "c"], 0, 0.0)
    assert (found.degree, found.avoided) == ("idle", False)


def test_waves_are_told_apart_by_when_they_came() -> None:
    """After a rollout in waves all are new, and the last wave has less than the first."""
    events = came("b", at=10) + came("c", at=20) + came("d", at=30)
    found = late_of({"b": 137, "c": 103, "d": 60}, events)
    assert found is not None
    assert found.replicas == ["d"]
    assert (found.held, found.ratio) == (60, pytest.approx(0.6))
    assert found.degree == "at half"


def test_thirty_replicas_of_which_twenty_came_later() -> None:
    """No single one of the twenty shows it, but all together do."""
    old = {f"old-{n}": 30 for n in range(10)}
    new = {f"new-{n:02}": 0 for n in range(20)}
    found = late_of(old | new, came(*new))
    assert found is not None
    assert len(found.replicas) == 20
    assert found.degree == "idle"


@pytest.mark.parametrize(
    ("held", "degree"),
    [
        (0, "idle"),
        (19, "idle"),
        (20, "at a quarter of a fair share"),
        (74, "at a quarter of a fair share"),
        (75, "at half"),
        (124, "at half"),
        (125, "at 62% of a fair share"),
        (160, "at 80% of a fair share"),
    ],
)
def test_degree_is_put_into_words(held: int, degree: str) -> None:
    """From idle, a quarter and half to the share in percent."""
    found = late_of({"a": 400 - held, "b": held}, came("b"))
    assert found is not None
    assert found.degree == degree


@pytest.mark.parametrize(
    ("counts", "events"),
    [
        ({"a": 100, "b": 100, "c": 100}, came("b", "c")),
        ({"a": 0, "b": 150, "c": 150}, came("b", "c")),
        ({"a": 200, "b": 50, "c": 50}, []),
        ({"b": 300, "c": 0}, came("b", "c")),
        ({"a": 110, "b": 95, "c": 95}, came("b", "c")),
    ],
    ids=[
        "even",
        "survivor-empty",
        "nobody-came",
        "all-came-together",
        "chance",
    ],
)
def test_nobody_is_late_where_coming_later_is_not_the_cause(
    counts: dict[str, int], events: list[Change]
) -> None:
    """Even, reversed, without an event, all at once, or by chance."""
    assert late_of(counts, events) is None


def test_level_is_shared_among_the_waves() -> None:
    """The more ways to divide the replicas, the more often chance makes one part look small."""
    assert LEVEL / 2 < binomial_at_most(74, 300, 1 / 3) < LEVEL
    assert late_of({"a": 126, "b": 100, "c": 74}, came("c")) is not None
    waves = came("b", at=10) + came("c", at=20)
    assert late_of({"a": 113, "b": 113, "c": 74}, waves) is None
    assert late_of({"a": 115, "b": 112, "c": 73}, waves) is not None


def test_service_lag_is_ten_seconds() -> None:
    """Documents and simulations rely on it."""
    assert SERVICE_LAG_SECONDS == 10.0


@pytest.mark.parametrize(
    ("got", "avoided"), [(0, True), (40, True), (100, False)], ids=["none", "few", "share"]
)
def test_replica_that_lacks_new_connections_is_not_just_late(got: int, avoided: bool) -> None:
    """If it also lacks its share of what was opened since, older replicas are not the cause."""
    since = run({"a": 300 - got - 100, "b": 100, "c": got})
    found = late_of({"a": 400, "b": 190, "c": 10}, came("c"), since)
    assert found is not None
    assert (found.opened_since, found.got_since) == (300, got)
    assert found.avoided is avoided


def test_connections_opened_within_the_service_lag_say_nothing() -> None:
    """A ready replica gets nothing in its first seconds, and that is not a defect."""
    counts = {"a": 400, "b": 190, "c": 10}
    for at, opened in ((CAME + SERVICE_LAG_SECONDS - 1, 0), (CAME + SERVICE_LAG_SECONDS, 300)):
        found = late_of(counts, came("c"), run({"a": 300}, at))
        assert found is not None
        assert found.opened_since == opened
        assert found.avoided is bool(opened)


def test_too_few_new_connections_do_not_show_that_it_is_avoided() -> None:
    """A hundred opened elsewhere would not reveal a replica with half its share."""
    found = late_of({"a": 400, "b": 190, "c": 10}, came("c"), run({"a": 100, "b": 50}))
    assert found is not None
    assert not found.avoided


def test_replacement_that_was_never_ready_came_when_the_other_was_stopped() -> None:
    """If nobody knows when it was ready, the stop is the earliest possible time."""
    events = [Change(START + 8, "x", START + 9, "b", None)]
    found = late_of({"a": 300, "b": 0}, events)
    assert found is not None
    assert found.replicas == ["b"]


def split(old: dict[str, int], new: dict[str, int], since: dict[str, int]) -> Latecomers | None:
    """Write what old and new replicas hold, and what was opened since the new ones came."""
    return late_of(old | new, came(*new), run(since, CAME + SERVICE_LAG_SECONDS + 1))


def test_many_that_lack_a_little_each_are_late() -> None:
    """One of thirty that holds three shares takes seven percent from each of the others."""
    new = {f"new-{index}": 187 for index in range(29)}
    found = split({"old-0": 577}, new, {})
    assert found is not None
    assert (len(found.replicas), found.held) == (29, 29 * 187)
    assert found.ratio == pytest.approx(0.935, abs=0.001)
    assert not found.avoided


def test_many_with_their_share_are_not_late() -> None:
    """What one has in excess by chance is not what the others lack."""
    assert split({"old-0": 210}, {f"new-{index}": 200 for index in range(29)}, {}) is None


@pytest.mark.parametrize(
    ("old", "new", "avoided"),
    [(400, 150, True), (320, 190, True), (312, 194, False), (234, 233, False), (80, 15, False)],
    ids=["as-much", "half-as-much", "less", "their-share", "too-few-to-tell"],
)
def test_latecomers_are_avoided_where_new_connections_pass_them_by_too(
    old: int, new: int, avoided: bool
) -> None:
    """They lack 36 %: the balancer is to blame if they lack half of that in new ones, too."""
    since = {"old-0": old, "new-0": new, "new-1": new}
    found = split({"old-0": 400}, {"new-0": 150, "new-1": 150}, since)
    assert found is not None
    assert found.opened_since == old + 2 * new
    assert found.got_since == 2 * new
    assert found.avoided is avoided


def test_slight_skew_of_new_connections_does_not_explain_a_large_lack() -> None:
    """A few percent beyond chance do not explain why they hold nothing."""
    since = {"old-0": 36_000, "new-0": 32_000, "new-1": 32_000}
    found = split({"old-0": 600}, {"new-0": 5, "new-1": 0}, since)
    assert found is not None
    assert not found.avoided


def test_replica_that_came_as_the_clock_started_is_a_latecomer() -> None:
    """Clients may have opened what they keep before it was there."""
    found = late_of({"a": 300, "b": 0}, came("b", at=0.0))
    assert found is not None
    assert found.replicas == ["b"]


def test_replica_that_came_and_went_is_not_late() -> None:
    """Only a replica that serves at the end can hold less than its share."""
    found = late_of({"a": 300, "c": 0}, came("b", at=10) + came("c", at=20))
    assert found is not None
    assert found.replicas == ["c"]


@pytest.mark.parametrize(("at", "opened"), [(29.0, 0), (30.0, 100)], ids=["before", "since"])
def test_new_connections_count_once_the_last_wave_could_get_them(at: float, opened: int) -> None:
    """While the last wave is still missing, the first may get what it cannot."""
    events = came("b", at=10) + came("c", at=20)
    found = late_of({"a": 300, "b": 0, "c": 0}, events, run({"a": 100}, at))
    assert found is not None
    assert (found.replicas, found.opened_since) == (["b", "c"], opened)


@pytest.mark.parametrize(
    ("held", "opened", "avoided"),
    [
        ((300, 0), (84, 0), True),
        ((300, 0), (83, 0), False),
        ((300, 0), (150, 50), True),
        ((300, 0), (148, 52), False),
        ((480, 320), (56, 44), False),
        ((480, 320), (560, 440), True),
    ],
    ids=["just-enough", "too-few", "just-half", "less-than-half", "chance", "no-chance"],
)
def test_avoided_takes_three_conditions(
    held: tuple[int, int], opened: tuple[int, int], avoided: bool
) -> None:
    """Half the lack, enough new connections, and beyond chance: each at its limit."""
    since = run(dict(zip("ab", opened, strict=True)))
    found = late_of(dict(zip("ab", held, strict=True)), came("b"), since)
    assert found is not None
    assert found.avoided is avoided
