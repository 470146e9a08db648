"""Looks for when connections are even again: how long they are, and how much they need to tell."""

from collections import Counter
from collections.abc import Sequence
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
from tests.lab.runs import NEW, SERVERS, START

from long_lived.lab.analysis.distributions import binomial_at_most
from long_lived.lab.analysis.events.change import Change
from long_lived.lab.analysis.power import LEVEL


@pytest.mark.parametrize("each", [400, 60], ids=["short-looks", "long-looks"])
def test_time_until_even_is_never_earlier_than_the_replacements(each: int) -> None:
    """A look partly in the outage falls short, so longer looks give a later time, not a sooner."""
    story = Story(0.25)
    for quarter in range(4 * END):
        at = quarter / 4
        crew = SERVERS if at < STOP else (SURVIVOR,) if at < READY + 1 else LAST
        for pod in crew:
            story.open(pod, at, each // 4 // len(crew))
            story.tell("closed", pod, at, each // 4 // len(crew))
    # Answers that arrive late keep the load going although nothing is opened any more.
    for pod in LAST:
        story.tell("opened", pod, END - 0.25, each)
        story.tell("closed", pod, END + 0.75, each)
    story.tell("sent", "all", END + 1)
    found = story.effect()
    assert found.seconds_to_even is not None
    late = found.seconds_to_even - (READY + 1 - STOP - 0.5)
    assert 0 <= late <= (1 if each == 400 else 4)


@pytest.mark.parametrize("width", [0.25, 2.0])
@pytest.mark.parametrize(("late", "buckets"), [(False, 0), (True, 1)], ids=["at-once", "next"])
def test_held_connections_are_looked_at_in_every_bucket(
    width: float, late: bool, buckets: int
) -> None:
    """Connections that move in the bucket of the stop were even all along; the next is later."""
    story = Story(width)
    for pod in SERVERS:
        story.open(pod, 0.5, 100)
    for pod, new in zip(SERVERS[1:], NEW, strict=True):
        story.move(pod, new, STOP + 0.6 + late * width, 100)
    story = answer_to_the_end(story, READY + 2, Counter(dict.fromkeys(LAST, 100)))
    found = story.effect()
    assert (found.seconds_to_even, found.too_few_to_tell) == (buckets * width, False)


@pytest.mark.parametrize(
    ("counts", "even"),
    [((142, 100, 58), True), ((143, 100, 57), False)],
    ids=["within-chance", "short"],
)
def test_level_is_shared_among_looks_and_replicas(counts: Sequence[int], even: bool) -> None:
    """Over 20 looks at 3 replicas, chance pushes one below 90 % in at most 1 of 60,000 looks."""
    few, total, looks = counts[-1], sum(counts), END - STOP
    assert (binomial_at_most(few, total, 0.9 / 3) >= LEVEL / (looks * 3)) is even
    found = divided(counts).effect()
    assert (found.seconds_to_even, found.too_few_to_tell) == (0.0 if even else None, False)


@pytest.mark.parametrize(
    ("counts", "enough"), [((64, 64, 63), True), ((64, 63, 63), False)], ids=["just", "just-not"]
)
def test_look_needs_as_many_connections_as_power_does(counts: Sequence[int], enough: bool) -> None:
    """191 would reveal one of three replicas with half its share, 190 would not."""
    found = divided(counts).effect()
    assert (found.seconds_to_even, found.too_few_to_tell) == (0.0 if enough else None, not enough)


@pytest.mark.parametrize(
    ("at", "told"), [(END - 1, True), (END - 2, False)], ids=["last-bucket", "last-two"]
)
def test_last_telling_look_has_to_be_at_the_end(at: int, told: bool) -> None:
    """If half of the load fades out for longer than a look, nobody knows what came after."""
    story = divided((100, 100, 100))
    for pod, count in zip(LAST, (0, 50, 100), strict=True):
        story.tell("closed", pod, at, count)
        story.tell("closed", pod, END, 100 - count)
    found = story.effect()
    assert (found.seconds_to_even, found.too_few_to_tell) == (0.0 if told else None, not told)


def test_too_few_are_too_few_even_where_the_stop_comes_first() -> None:
    """If no look has enough, there is no last one that has."""
    story = Story()
    story.tell("sent", "all", 0.0)
    for second in range(2, END):
        for pod in LAST:
            story.open(pod, second)
            story.tell("closed", pod, second)
    begun = [
        replace(one, began_unix_seconds=START + 0.2, ready_unix_seconds=START + 1.2)
        for one in REPLACED
    ]
    found = story.effect(begun)
    assert (found.seconds_to_even, found.too_few_to_tell) == (None, True)


@pytest.mark.parametrize(("first", "few"), [(5, False), (4, True)], ids=["just", "just-not"])
def test_longest_look_is_all_the_time_since_the_stop(first: int, few: bool) -> None:
    """191 since the stop reveal a replica that gets nothing, if the first and the last count."""
    story = Story()
    for second, count in [(STOP, first), *((at, 10) for at in range(STOP + 1, END - 1))]:
        for pod in LAST[:2]:
            story.open(pod, second, count // 2)
            story.tell("closed", pod, second, count // 2)
        story.open(SURVIVOR, second, count % 2)
        story.tell("closed", SURVIVOR, second, count % 2)
    story.open(SURVIVOR, END - 1, 6)
    story.tell("closed", SURVIVOR, END - 1, 6)
    found = story.effect()
    assert (found.seconds_to_even, found.too_few_to_tell) == (None, few)


@pytest.mark.parametrize(
    ("width", "each", "seconds"),
    [
        (1.0, 5, None),
        (1.0, 7, 6.0),
        (1.0, 16, 8.0),
        (1.0, 24, 7.0),
        (1.0, 500, 6.0),
        (0.25, 2, 6.25),
        (0.25, 4, 7.5),
        (0.25, 10, 6.5),
        (0.25, 30, 6.0),
        (0.25, 200, 6.25),
        (2.0, 7, None),
        (2.0, 10, 6.0),
        (2.0, 500, 6.0),
    ],
)
def test_looks_are_as_long_as_opened_connections_need(
    width: float, each: int, seconds: float | None
) -> None:
    """Even from 16 s on, 6 s after the stop; a look of a second or more dates it later."""
    story = Story(width)
    for bucket in range(round(END / width)):
        at = bucket * width
        for pod in SERVERS if at < STOP else [SURVIVOR] if at < 16 else LAST:
            story.open(pod, at, each)
            story.tell("closed", pod, at, each)
    restart = [
        replace(one, began_unix_seconds=START + STOP, ready_unix_seconds=START + 15.9)
        for one in REPLACED
    ]
    found = story.effect(restart)
    assert (found.seconds_to_even, found.too_few_to_tell) == (seconds, seconds is None)


def test_time_until_even_is_known_even_where_little_happens() -> None:
    """Few connections make long looks, which can tell: this run is not even `at once`."""
    story = Story(0.25)
    for turn in range(40 * END):
        at = turn / 40
        crew = SERVERS if at < STOP else [SURVIVOR] if at < 20 else LAST
        pod = crew[turn % len(crew)]
        story.open(pod, at)
        story.tell("closed", pod, at)
    late = [
        Change(START + STOP, old, START + STOP, new, START + 19.9)
        for old, new in zip(SERVERS[1:], NEW, strict=True)
    ]
    found = story.effect(late)
    assert found.seconds_to_even is not None
    assert found.seconds_to_even >= 5
