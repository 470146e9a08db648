"""Restarts described second by second, by hand or at random."""

import random
from collections import Counter
from collections.abc import Sequence

from tests.lab.records import history
from tests.lab.runs import NEW, SERVERS, START

from long_lived.lab.analysis.events.change import Change
from long_lived.lab.analysis.events.effect import Effect, effect
from long_lived.lab.analysis.events.latecomers import latecomers
from long_lived.lab.analysis.judged import Judged, Unit, judged, unit_of
from long_lived.record.timeline import Timeline

STOP, READY, END = 10, 12, 30
"""When the simulated restarts stop, are ready and end, in seconds; a bucket is one second."""

CONNECTIONS = 300
SURVIVOR = SERVERS[0]
LAST = (SURVIVOR, *NEW)

REPLACED = [
    Change(START + STOP + 0.5, old, START + STOP + 0.7, new, START + READY + 0.5)
    for old, new in zip(SERVERS[1:], NEW, strict=True)
]


class Story:
    """A timeline written second by second."""

    def __init__(self, width_seconds: float = 1.0) -> None:
        self.timeline = Timeline(width_seconds)

    def tell(self, series: str, key: str, at: float, count: int = 1) -> None:
        if count:
            self.timeline.add(series, key, START + at, count)

    def open(self, pod: str, at: float, count: int = 1) -> None:
        """Open connections, each with an answer."""
        self.tell("opened", pod, at, count)
        self.tell("answered", pod, at, count)

    def move(self, old: str, new: str, at: float, count: int = 1) -> None:
        """Close connections to one replica, and open the same number to another."""
        self.tell("closed", old, at, count)
        self.open(new, at, count)

    def effect(
        self,
        changes: Sequence[Change] = REPLACED,
        replicas: Sequence[str] = (*SERVERS, *NEW),
        uncertainty_seconds: float = 0.0,
    ) -> Effect:
        """Compute the restart effect."""
        told = history(self.timeline)
        unit = unit_of(told, proxied=False)
        found = effect(told, replicas, changes, unit, uncertainty_seconds)
        assert found is not None
        return found

    def judged(self, found: Effect) -> Judged:
        """Count what is judged after the restart."""
        told = history(self.timeline)
        unit = unit_of(told, proxied=False)
        return judged(told, unit, found.crew, found.end_bucket, 0.1)

    def pinned(self, found: Effect, changes: Sequence[Change] = REPLACED) -> bool:
        """Tell whether those who came later hold less because of that."""
        told, what = history(self.timeline), self.judged(found)
        if what.unit is not Unit.HELD or what.spread.within_chance:
            return False
        late = latecomers(told, what.spread, changes, what.end_seconds)
        return late is not None and not late.avoided


def at_random(rng: random.Random, pods: Sequence[str], count: int) -> Counter[str]:
    """Balance connections at random."""
    return Counter(rng.choices(pods, k=count))


def kept_until_the_restart(rng: random.Random) -> Story:
    """Write kept connections: after the restart the survivor holds them all."""
    story = Story()
    spread = at_random(rng, SERVERS, CONNECTIONS)
    for pod, count in spread.items():
        story.open(pod, 0.5, count)
        for second in range(1, STOP):
            story.tell("answered", pod, second, count)
    for pod in SERVERS[1:]:
        story.move(pod, SURVIVOR, STOP + 0.6, spread[pod])
    return story


def answer_to_the_end(story: Story, first: int, held: Counter[str]) -> Story:
    """Have every connection answer once a second."""
    for second in range(first, END):
        for pod, count in held.items():
            story.tell("answered", pod, second, count)
    return story


def reassigned(rng: random.Random) -> Story:
    """Write kept connections that are reopened at random once the replacements serve."""
    story = kept_until_the_restart(rng)
    held: Counter[str] = Counter()
    for second in range(READY + 2, READY + 7):
        for pod, count in at_random(rng, LAST, CONNECTIONS // 5).items():
            story.move(SURVIVOR, pod, second, count)
            held[pod] += count
    return answer_to_the_end(story, READY + 8, held)


def pinned(rng: random.Random, ratio: float) -> Story:
    """Write kept connections of which each replacement gets only this part of its share."""
    story = kept_until_the_restart(rng)
    held = Counter({SURVIVOR: CONNECTIONS})
    for pod in NEW:
        count = sum(rng.random() < ratio for _ in range(CONNECTIONS // 3))
        story.move(SURVIVOR, pod, READY + 3, count)
        held[pod] += count
        held[SURVIVOR] -= count
    return answer_to_the_end(story, READY + 4, held)


def per_request(rng: random.Random, ratio: float = 1.0) -> Story:
    """Write a connection per request; replacements get this part of their share."""
    story = Story()
    weights = [1.0, ratio, ratio]
    for second in range(END):
        if second <= STOP:
            crew = at_random(rng, SERVERS, 40)
        elif second <= READY:
            crew = Counter({SURVIVOR: 40})
        else:
            crew = Counter(rng.choices(LAST, weights, k=40))
        for pod, count in crew.items():
            story.open(pod, second, count)
            story.tell("closed", pod, second, count)
    return story


def divided(counts: Sequence[int], new: Sequence[str] = NEW) -> Story:
    """Write kept connections, divided like this between the survivor and `new` at the stop."""
    story = Story()
    for pod in SERVERS[: len(counts)]:
        story.open(pod, 0.5, 100)
        story.tell("closed", pod, STOP + 0.6, 100)
    for pod, count in zip((SURVIVOR, *new), counts, strict=True):
        story.open(pod, STOP + 0.7, count)
        story.tell("answered", pod, END - 0.5, 2 * count)
    return story


def steady(story: Story, last: Sequence[str] = LAST) -> Story:
    """Write twenty connections to each replica, and as many to each of `last` afterwards."""
    for pod in SERVERS:
        story.open(pod, 0.5, 20)
    for pod in SERVERS:
        if pod not in last:
            story.tell("closed", pod, STOP + 0.6, 20)
    for pod in last:
        if pod not in SERVERS:
            story.open(pod, READY + 1, 20)
    for pod in last:
        for second in range(READY + 2, END):
            story.tell("answered", pod, second, 20)
    return story
