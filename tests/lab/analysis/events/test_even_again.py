"""When connections are even again: for good, and by each replica's share."""

from collections import Counter
from dataclasses import replace

import pytest
from tests.lab.analysis.events.story import (
    END,
    LAST,
    READY,
    REPLACED,
    STOP,
    SURVIVOR,
    Story,
    answer_to_the_end,
    divided,
)
from tests.lab.runs import NEW, SERVERS, START, restarted

from long_lived.lab.analysis.events.change import Change


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ({}, None),
        ({"heals": True}, pytest.approx(4.5, abs=0.5)),
        ({"keeps": False}, pytest.approx(2.0, abs=0.8)),
    ],
    ids=["pinned", "healed", "per-request"],
)
def test_time_until_even_is_known_where_it_was_reached(given: dict, seconds: object) -> None:
    """A pinned run is never even again; a healed one is from the time its connections moved."""
    run, replacements = restarted(users=300, **given)
    story = Story()
    story.timeline = run.ledger.timeline
    assert story.effect(replacements).seconds_to_even == seconds


@pytest.mark.parametrize("given", [{"heals": True}, {"keeps": False}], ids=["kept", "per-request"])
def test_time_until_even_is_unknown_where_too_few_could_tell(given: dict) -> None:
    """Looks without the power to notice a replica with half its share say nothing."""
    run, replacements = restarted(users=6, **given)
    story = Story()
    story.timeline = run.ledger.timeline
    found = story.effect(replacements)
    assert found.too_few_to_tell
    assert found.seconds_to_even is None


@pytest.mark.parametrize(("share", "even"), [(0.95, True), (0.5, False)], ids=["nearly", "half"])
def test_time_until_even_goes_by_the_share_and_not_by_chance(share: float, even: bool) -> None:
    """Of a million connections 5 % too few is beyond chance, yet even."""
    story = Story()
    for pod in SERVERS:
        story.open(pod, 0.5, 1_000_000)
    for pod, new in zip(SERVERS[1:], NEW, strict=True):
        story.move(pod, new, READY + 1, 1_000_000)
    missing = round(1_000_000 * (1 - share))
    story.move(NEW[0], SURVIVOR, READY + 1, missing)
    story = answer_to_the_end(story, READY + 2, Counter(dict.fromkeys(LAST, 1_000_000)))
    assert (story.effect().seconds_to_even is not None) is even


def test_two_replicas_can_be_even_again_and_one_cannot() -> None:
    """A single replica has nothing to be compared with."""
    two = divided((100, 100), NEW[:1]).effect(REPLACED[:1], (*SERVERS[:2], NEW[0]))
    assert (two.seconds_to_even, two.too_few_to_tell) == (0.0, False)
    all_of_one = [replace(REPLACED[0], old=SURVIVOR)]
    story = Story()
    story.open(SURVIVOR, 0.5, 100)
    story.move(SURVIVOR, NEW[0], STOP + 0.6, 100)
    story.tell("answered", NEW[0], END - 0.5, 100)
    one = story.effect(all_of_one, (SURVIVOR, NEW[0]))
    assert (one.seconds_to_even, one.too_few_to_tell) == (None, True)


@pytest.mark.parametrize(
    ("at", "seconds"), [(END - 1, None), (END, 0.0)], ids=["under-load", "in-the-tail"]
)
def test_even_again_is_for_good_until_the_end_of_the_load(at: int, seconds: float | None) -> None:
    """Falling short in the last moment of the load counts; in the tail it does not."""
    story = divided((400, 400, 400))
    story.tell("closed", NEW[1], at, 400)
    if at == END:
        story.tell("closed", NEW[0], at, 400)
    found = story.effect()
    assert (found.seconds_to_even, found.too_few_to_tell) == (seconds, False)


def test_even_again_does_not_look_before_the_stop() -> None:
    """Unevenness before the stop has nothing to do with the event."""
    story = Story()
    story.open("server-a", 0.5, 300)
    for pod in SERVERS[1:]:
        story.move("server-a", pod, STOP - 0.5, 100)
    story = answer_to_the_end(story, STOP, Counter(dict.fromkeys(SERVERS, 100)))
    hardly = [Change(START + STOP, "server-b", START + STOP, "server-b", START + STOP)]
    assert story.effect(hardly, SERVERS).seconds_to_even == 0.0


def test_nothing_opened_since_the_stop_is_too_few() -> None:
    """With a connection per request, none opened since the stop is too few to tell."""
    story = Story()
    for pod in SERVERS:
        story.open(pod, 0.5, 100)
        story.tell("closed", pod, 1.5, 100)
    story.tell("sent", "all", END)
    found = story.effect()
    assert (found.seconds_to_even, found.too_few_to_tell) == (None, True)


def test_nothing_at_all_is_not_even() -> None:
    """While nobody holds a connection nobody has a share, so nothing is even."""
    story = Story()
    new = ("server-d", "server-e", "server-f")
    for pod, heir in zip(SERVERS, new, strict=True):
        story.open(pod, 0.5, 100)
        story.tell("closed", pod, STOP + 0.6, 100)
        story.open(heir, READY + 1, 100)
        story.tell("answered", heir, END - 1, 200)
    everybody = [
        replace(REPLACED[0], old=old, new=heir) for old, heir in zip(SERVERS, new, strict=True)
    ]
    assert story.effect(everybody, (*SERVERS, *new)).seconds_to_even == READY + 1 - STOP
