"""What a restart did: known runs by hand, and thousands of simulated ones."""

import math
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from tests.lab.runs import NEW, SERVERS, START, history, restarted

from long_lived.lab.analysis.events.effect import Effect, effect
from long_lived.lab.analysis.events.latecomers import SERVICE_LAG_SECONDS, latecomers
from long_lived.lab.analysis.events.losses import LOST
from long_lived.lab.analysis.events.phase_counts import Row
from long_lived.lab.analysis.events.phases import PhaseName
from long_lived.lab.analysis.events.replacement import Replacement
from long_lived.lab.analysis.judged import Judged, Unit, judged, unit_of
from long_lived.lab.analysis.power import LEVEL
from long_lived.lab.analysis.spread import at_most
from long_lived.record.timeline import Timeline

STOP, READY, END = 10, 12, 30
"""Of the simulated restarts, in seconds: of one bucket each."""

RUNS = 800
CONNECTIONS = 300
SURVIVOR = SERVERS[0]
LAST = (SURVIVOR, *NEW)

REPLACED = [
    Replacement(START + STOP + 0.5, old, START + STOP + 0.7, new, START + READY + 0.5)
    for old, new in zip(SERVERS[1:], NEW, strict=True)
]


def came_in_addition() -> list[Replacement]:
    """Say that replicas were added, and none was stopped."""
    return [Replacement(START + STOP + 0.5, None, None, new, START + READY + 0.5) for new in NEW]


class Story:
    """A timeline that is told second by second."""

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
        """Close connections to one replica, and open as many to another."""
        self.tell("closed", old, at, count)
        self.open(new, at, count)

    def effect(
        self,
        replacements: Sequence[Replacement] = REPLACED,
        replicas: Sequence[str] = (*SERVERS, *NEW),
        uncertainty_seconds: float = 0.0,
    ) -> Effect:
        """Work out what the restart did."""
        told = history(self.timeline)
        unit = unit_of(told, proxied=False)
        found = effect(told, replicas, replacements, unit, uncertainty_seconds)
        assert found is not None
        return found

    def judged(self, found: Effect) -> Judged:
        """Count what is judged after the restart."""
        told = history(self.timeline)
        unit = unit_of(told, proxied=False)
        return judged(told, unit, found.crew, found.end_bucket, 0.1)

    def pinned(self, found: Effect, replacements: Sequence[Replacement] = REPLACED) -> bool:
        """Tell whether those who came later hold less because of that."""
        told, what = history(self.timeline), self.judged(found)
        if what.unit is not Unit.HELD or what.spread.within_chance:
            return False
        late = latecomers(told, what.spread, replacements, what.end_seconds)
        return late is not None and not late.avoided


def at_random(rng: random.Random, pods: Sequence[str], count: int) -> Counter[str]:
    """Balance connections at random."""
    return Counter(rng.choices(pods, k=count))


def kept_until_the_restart(rng: random.Random) -> Story:
    """Tell of connections that are kept: after the restart all of them are the survivor's."""
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
    """Tell of kept connections that are opened anew, by chance, when the replacements serve."""
    story = kept_until_the_restart(rng)
    held: Counter[str] = Counter()
    for second in range(READY + 2, READY + 7):
        for pod, count in at_random(rng, LAST, CONNECTIONS // 5).items():
            story.move(SURVIVOR, pod, second, count)
            held[pod] += count
    return answer_to_the_end(story, READY + 8, held)


def pinned(rng: random.Random, ratio: float) -> Story:
    """Tell of kept connections of which each replacement gets only this part of its share."""
    story = kept_until_the_restart(rng)
    held = Counter({SURVIVOR: CONNECTIONS})
    for pod in NEW:
        count = sum(rng.random() < ratio for _ in range(CONNECTIONS // 3))
        story.move(SURVIVOR, pod, READY + 3, count)
        held[pod] += count
        held[SURVIVOR] -= count
    return answer_to_the_end(story, READY + 4, held)


def per_request(rng: random.Random, ratio: float = 1.0) -> Story:
    """Tell of a connection for each request; replacements get this part of their share."""
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


@pytest.mark.parametrize("tell", [reassigned, per_request], ids=["kept", "per-request"])
def test_random_balancing_after_a_restart_is_rarely_called_uneven(
    tell: Callable[[random.Random], Story],
) -> None:
    """False alarms in 800 restarts are as rare as LEVEL promises, within five deviations."""
    rng = random.Random(20_261_125)
    alarms = nevers = 0
    for _ in range(RUNS):
        story = tell(rng)
        found = story.effect()
        what = story.judged(found)
        assert what.unit is (Unit.HELD if tell is reassigned else Unit.OPENED)
        assert what.spread.enough
        alarms += not what.spread.within_chance
        nevers += found.seconds_to_even is None
    assert alarms <= RUNS * LEVEL + 5 * math.sqrt(RUNS * LEVEL * (1 - LEVEL))
    assert nevers <= alarms


@pytest.mark.parametrize("ratio", [0.0, 0.1], ids=["nothing", "a-tenth"])
@pytest.mark.parametrize("tell", [pinned, per_request], ids=["kept", "per-request"])
def test_replacement_that_gets_next_to_nothing_is_never_called_chance(
    tell: Callable[[random.Random, float], Story], ratio: float
) -> None:
    """Nothing, or a tenth of the share, is noticed in every run; pinned is only what is kept."""
    rng = random.Random(20_261_126)
    for _ in range(RUNS // 4):
        story = tell(rng, ratio)
        found = story.effect()
        assert not story.judged(found).spread.within_chance
        assert story.pinned(found) is (tell is pinned)
        assert found.seconds_to_even is None
        assert not found.too_few_to_tell


def test_survivor_that_gets_nothing_is_uneven_and_not_pinned() -> None:
    """Pinned is a word for replacements that get too little, not for any odd spread."""
    story = Story()
    for pod in SERVERS:
        story.open(pod, 0.5, 100)
    for pod in NEW:
        story.move(SURVIVOR, pod, READY + 1, 50)
        story.open(pod, READY + 1, 100)
    story = answer_to_the_end(story, READY + 2, Counter(dict.fromkeys(NEW, 150)))
    found = story.effect()
    assert not story.judged(found).spread.within_chance
    assert not story.pinned(found)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ({}, None),
        ({"heals": True}, pytest.approx(4.5, abs=0.5)),
        ({"keeps": False}, pytest.approx(2.0, abs=0.8)),
    ],
    ids=["pinned", "healed", "per-request"],
)
def test_time_until_even_is_told_where_it_was_reached(given: dict, seconds: object) -> None:
    """A pinned run is never even again; a healed one is from when its connections moved."""
    run, replacements = restarted(users=300, **given)
    story = Story()
    story.timeline = run.ledger.timeline
    assert story.effect(replacements).seconds_to_even == seconds


@pytest.mark.parametrize("each", [400, 60], ids=["short-looks", "long-looks"])
def test_time_until_even_is_never_earlier_than_the_replacements(each: int) -> None:
    """A look that is partly of the outage is short, so long looks tell a later time, not sooner."""
    story = Story(0.25)
    for quarter in range(4 * END):
        at = quarter / 4
        crew = SERVERS if at < STOP else (SURVIVOR,) if at < READY + 1 else LAST
        for pod in crew:
            story.open(pod, at, each // 4 // len(crew))
            story.tell("closed", pod, at, each // 4 // len(crew))
    # Answers that come in late hold the load's end where nothing is opened any more.
    for pod in LAST:
        story.tell("opened", pod, END - 0.25, each)
        story.tell("closed", pod, END + 0.75, each)
    story.tell("sent", "all", END + 1)
    found = story.effect()
    assert found.seconds_to_even is not None
    late = found.seconds_to_even - (READY + 1 - STOP - 0.5)
    assert 0 <= late <= (1 if each == 400 else 4)


@pytest.mark.parametrize("given", [{"heals": True}, {"keeps": False}], ids=["kept", "per-request"])
def test_time_until_even_is_not_told_where_too_few_could_tell(given: dict) -> None:
    """Looks that could not have noticed a replica with half its share say nothing at all."""
    run, replacements = restarted(users=6, **given)
    story = Story()
    story.timeline = run.ledger.timeline
    found = story.effect(replacements)
    assert found.too_few_to_tell
    assert found.seconds_to_even is None


@pytest.mark.parametrize(("share", "even"), [(0.95, True), (0.5, False)], ids=["nearly", "half"])
def test_time_until_even_goes_by_the_share_and_not_by_chance(share: float, even: bool) -> None:
    """With a million connections 5 % too few are no chance, and even all the same."""
    story = Story()
    for pod in SERVERS:
        story.open(pod, 0.5, 1_000_000)
    for pod, new in zip(SERVERS[1:], NEW, strict=True):
        story.move(pod, new, READY + 1, 1_000_000)
    missing = round(1_000_000 * (1 - share))
    story.move(NEW[0], SURVIVOR, READY + 1, missing)
    story = answer_to_the_end(story, READY + 2, Counter(dict.fromkeys(LAST, 1_000_000)))
    assert (story.effect().seconds_to_even is not None) is even


@pytest.mark.parametrize("width", [0.25, 2.0])
@pytest.mark.parametrize(("late", "buckets"), [(False, 0), (True, 1)], ids=["at-once", "next"])
def test_what_is_held_is_looked_at_in_every_bucket(width: float, late: bool, buckets: int) -> None:
    """Connections that move in the bucket of the stop were even all along; the next is later."""
    story = Story(width)
    for pod in SERVERS:
        story.open(pod, 0.5, 100)
    for pod, new in zip(SERVERS[1:], NEW, strict=True):
        story.move(pod, new, STOP + 0.6 + late * width, 100)
    story = answer_to_the_end(story, READY + 2, Counter(dict.fromkeys(LAST, 100)))
    found = story.effect()
    assert (found.seconds_to_even, found.too_few_to_tell) == (buckets * width, False)


def divided(counts: Sequence[int], new: Sequence[str] = NEW) -> Story:
    """Tell of kept connections that are divided so among the survivor and `new` at the stop."""
    story = Story()
    for pod in SERVERS[: len(counts)]:
        story.open(pod, 0.5, 100)
        story.tell("closed", pod, STOP + 0.6, 100)
    for pod, count in zip((SURVIVOR, *new), counts, strict=True):
        story.open(pod, STOP + 0.7, count)
        story.tell("answered", pod, END - 0.5, 2 * count)
    return story


@pytest.mark.parametrize(
    ("counts", "even"),
    [((142, 100, 58), True), ((143, 100, 57), False)],
    ids=["within-chance", "short"],
)
def test_level_is_shared_among_looks_and_replicas(counts: Sequence[int], even: bool) -> None:
    """20 looks at 3 replicas: a share of 90 % gives so few once in 60,000 looks, or less often."""
    few, total, looks = counts[-1], sum(counts), END - STOP
    assert (at_most(few, total, 0.9 / 3) >= LEVEL / (looks * 3)) is even
    found = divided(counts).effect()
    assert (found.seconds_to_even, found.too_few_to_tell) == (0.0 if even else None, False)


@pytest.mark.parametrize(
    ("counts", "enough"), [((64, 64, 63), True), ((64, 63, 63), False)], ids=["just", "just-not"]
)
def test_look_needs_as_many_connections_as_power_does(counts: Sequence[int], enough: bool) -> None:
    """191 would show one of three replicas with half its share, and 190 would not."""
    found = divided(counts).effect()
    assert (found.seconds_to_even, found.too_few_to_tell) == (0.0 if enough else None, not enough)


def test_two_replicas_can_be_even_again_and_one_cannot() -> None:
    """One replica has nothing to be compared with."""
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
    ("at", "told"), [(END - 1, True), (END - 2, False)], ids=["last-bucket", "last-two"]
)
def test_last_look_with_enough_to_tell_has_to_be_at_the_end(at: int, told: bool) -> None:
    """What fades out to half for longer than a look leaves nobody knows what."""
    story = divided((100, 100, 100))
    for pod, count in zip(LAST, (0, 50, 100), strict=True):
        story.tell("closed", pod, at, count)
        story.tell("closed", pod, END, 100 - count)
    found = story.effect()
    assert (found.seconds_to_even, found.too_few_to_tell) == (0.0 if told else None, not told)


@pytest.mark.parametrize(
    ("at", "seconds"), [(END - 1, None), (END, 0.0)], ids=["under-load", "in-the-tail"]
)
def test_even_again_is_for_good_until_the_end_of_the_load(at: int, seconds: float | None) -> None:
    """A replica that falls short in the last moment is; in the tail it does not matter."""
    story = divided((400, 400, 400))
    story.tell("closed", NEW[1], at, 400)
    if at == END:
        story.tell("closed", NEW[0], at, 400)
    found = story.effect()
    assert (found.seconds_to_even, found.too_few_to_tell) == (seconds, False)


def test_even_again_does_not_look_before_the_stop() -> None:
    """What was uneven until the moment before is no matter of the event."""
    story = Story()
    story.open("server-a", 0.5, 300)
    for pod in SERVERS[1:]:
        story.move("server-a", pod, STOP - 0.5, 100)
    story = answer_to_the_end(story, STOP, Counter(dict.fromkeys(SERVERS, 100)))
    hardly = [Replacement(START + STOP, "server-b", START + STOP, "server-b", START + STOP)]
    assert story.effect(hardly, SERVERS).seconds_to_even == 0.0


def test_too_few_are_too_few_also_where_the_stop_is_the_first_thing_to_happen() -> None:
    """Where no look has enough there is no last one that has."""
    story = Story()
    story.tell("sent", "all", 0.0)
    for second in range(2, END):
        for pod in LAST:
            story.open(pod, second)
            story.tell("closed", pod, second)
    begun = [
        replace(one, stopped_unix_seconds=START + 0.2, ready_unix_seconds=START + 1.2)
        for one in REPLACED
    ]
    found = story.effect(begun)
    assert (found.seconds_to_even, found.too_few_to_tell) == (None, True)


@pytest.mark.parametrize(("first", "few"), [(5, False), (4, True)], ids=["just", "just-not"])
def test_longest_look_is_all_the_time_since_the_stop(first: int, few: bool) -> None:
    """191 since the stop show that one replica gets nothing, where the first and the last count."""
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


def test_nothing_opened_since_the_stop_is_too_few() -> None:
    """Where each request had a connection of its own, and there was none any more."""
    story = Story()
    for pod in SERVERS:
        story.open(pod, 0.5, 100)
        story.tell("closed", pod, 1.5, 100)
    story.tell("sent", "all", END)
    found = story.effect()
    assert (found.seconds_to_even, found.too_few_to_tell) == (None, True)


def test_nothing_at_all_is_not_even() -> None:
    """While nobody has a connection nobody has a share, however even nothing is."""
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
def test_looks_are_as_long_as_what_is_opened_needs(
    width: float, each: int, seconds: float | None
) -> None:
    """Even from 16 s on, 6 s after the stop: a look of a second, or of more, tells it later."""
    story = Story(width)
    for bucket in range(round(END / width)):
        at = bucket * width
        for pod in SERVERS if at < STOP else [SURVIVOR] if at < 16 else LAST:
            story.open(pod, at, each)
            story.tell("closed", pod, at, each)
    restart = [
        replace(one, stopped_unix_seconds=START + STOP, ready_unix_seconds=START + 15.9)
        for one in REPLACED
    ]
    found = story.effect(restart)
    assert (found.seconds_to_even, found.too_few_to_tell) == (seconds, seconds is None)


def test_time_until_even_is_known_also_where_little_happens() -> None:
    """Looks at few connections are so long that they tell something: this one is not `at once`."""
    story = Story(0.25)
    for turn in range(40 * END):
        at = turn / 40
        crew = SERVERS if at < STOP else [SURVIVOR] if at < 20 else LAST
        pod = crew[turn % len(crew)]
        story.open(pod, at)
        story.tell("closed", pod, at)
    late = [
        Replacement(START + STOP, old, START + STOP, new, START + 19.9)
        for old, new in zip(SERVERS[1:], NEW, strict=True)
    ]
    found = story.effect(late)
    assert found.seconds_to_even is not None
    assert found.seconds_to_even >= 5


def test_connections_are_followed_from_the_replaced_to_the_survivors() -> None:
    """What the replaced replicas had is orphaned; what the survivors got of it is inherited."""
    found = pinned(random.Random(1), 0.0).effect()
    assert found.survivors == [SURVIVOR]
    assert found.replaced == [*SERVERS[1:]]
    assert found.replacements == [*NEW]
    before = found.phase(PhaseName.BEFORE)
    assert before is not None
    held = {row.replica: row.held for row in before.rows}
    assert found.orphaned == held["server-b"] + held["server-c"]
    assert found.inherited == found.orphaned
    assert found.moved == 0


def test_connections_are_followed_from_the_moment_before_the_stop_to_the_end_of_the_load() -> None:
    """What opens a moment before the stop was there, what closes in the tail has not moved."""
    story = Story()
    for pod, count in (("server-a", 10), ("server-b", 20), ("server-c", 30)):
        story.open(pod, 0.5, count)
        story.open(pod, STOP - 0.5, 3)
    story.tell("closed", "server-b", STOP + 0.6, 23)
    story.tell("closed", "server-c", STOP + 0.6, 33)
    story.open(NEW[0], READY + 1, 40)
    for at, count in ((READY + 0.9, 1), (READY + 1.0, 2), (END - 0.5, 4), (END + 0.5, 6)):
        story.tell("closed", SURVIVOR, at, count)
    story.tell("closed", NEW[0], END + 0.5, 40)
    story.tell("answered", NEW[0], END + 0.5, 100)
    found = story.effect()
    assert found.orphaned == 23 + 33
    assert found.moved == 2 + 4
    assert found.inherited == 0


def test_survivors_inherit_no_more_than_was_orphaned() -> None:
    """What they had already, or get beyond that, did not come from the replaced replicas."""
    story = steady(Story())
    story.open(SURVIVOR, STOP - 0.5, 5)
    story.open(SURVIVOR, STOP + 0.7, 30)
    assert story.effect().inherited == 30
    story.open(SURVIVOR, READY + 1, 17)
    assert story.effect().inherited == 40


def test_replacement_that_is_replaced_itself_does_not_serve_afterwards() -> None:
    """Of a chain of replacements the last one stays."""
    story = steady(Story(), ["server-a", "server-c", "server-e"])
    first, then = ("server-b", "server-d"), ("server-d", "server-e")
    chain = [
        Replacement(START + at, old, START + at, new, START + at + 1)
        for at, (old, new) in ((STOP, first), (STOP + 1, then))
    ]
    found = story.effect(chain)
    assert (found.replaced, found.replacements) == (["server-b", "server-d"], ["server-e"])
    assert found.crew == ["server-a", "server-c", "server-e"]
    after = found.phase(PhaseName.AFTER)
    assert after is not None
    assert [row.replica for row in after.rows] == found.crew


def test_stop_after_the_run_changes_nothing_in_it() -> None:
    """Where the load was over before the first stop, all of it was before."""
    story = steady(Story(), SERVERS)
    for series in ("failed", "failed_ended"):
        story.tell(series, f"{LOST} server-b", 20.0, 5)
    late = [Replacement(START + END + 60, "server-b", START + END + 61, "server-d")]
    found = story.effect(late)
    assert [phase.name for phase in found.phases] == [PhaseName.BEFORE]
    assert (found.finished, found.orphaned, found.lost, found.excused) == (False, 20, 0, 0)


def test_connections_that_leave_the_survivors_have_moved() -> None:
    """Those that were opened anew after the restart are counted; inherited is what has stayed."""
    run, replacements = restarted(heals=True)
    story = Story()
    story.timeline = run.ledger.timeline
    found = story.effect(replacements)
    assert (found.orphaned, found.moved, found.inherited) == (40, 60, 0)


def steady(story: Story, last: Sequence[str] = LAST) -> Story:
    """Tell of twenty connections to each replica, and of as many to each of `last` afterwards."""
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


def test_losses_of_the_restart_are_counted_apart_from_later_failures() -> None:
    """Lost are the requests whose connection broke while the stopped replicas ended."""
    story = steady(Story(0.25))
    for sent, ended, key, count in [
        (5.0, 6.0, f"{LOST} server-b", 100),
        (9.8, STOP + 0.5, f"{LOST} server-b", 7),
        (9.8, STOP + 0.5, f"{LOST} server-a", 5),
        (9.9, STOP + 0.5, LOST, 4),
        (5.0, 6.0, LOST, 80),
        (0.0, 0.1, "read_timeout server-a", 90),
        (STOP + 0.5, READY + 0.5, f"{LOST} server-c", 2),
        (STOP + 1.0, STOP + 31.0, "connect_timeout", 3),
        (READY + 1.0, READY + 1.0, f"{LOST} server-c", 40),
        (20.0, 21.0, LOST, 50),
        (20.0, 21.0, "read_timeout server-a", 60),
    ]:
        story.tell("failed", key, sent, count)
        story.tell("failed_ended", key, ended, count)
    found = story.effect()
    assert found.lost_by_replica == {"server-b": 7, "server-c": 2}
    assert found.lost_unattributed == 4
    assert found.lost == 13
    assert found.excused == 7 + 5 + 4 + 2 + 3
    assert {phase.name: phase.failures for phase in found.phases} == {
        "before": {
            LOST: {"server-b": 107, "server-a": 5, "": 84},
            "read_timeout": {"server-a": 90},
        },
        "during": {LOST: {"server-c": 2}, "connect_timeout": {"": 3}},
        "after": {LOST: {"server-c": 40, "": 50}, "read_timeout": {"server-a": 60}},
    }


@pytest.mark.parametrize("kind", ["connect_refused", "connect_timeout", "connect_failed"])
def test_failures_to_reach_what_is_gone_are_excused_until_the_service_must_know(kind: str) -> None:
    """A Service hands out the address of a replica that is gone for a while; nothing else is."""
    story = steady(Story(0.25))
    slow = [REPLACED[0], replace(REPLACED[1], ended_unix_seconds=START + STOP + 1.7)]
    unseen = [replace(one, ended_unix_seconds=None) for one in REPLACED]
    known = STOP + 1.7 + SERVICE_LAG_SECONDS
    for sent, key, count in [
        (READY + 1.0, kind, 3),
        (known - 1.0, kind, 4),
        (known, kind, 5),
        (known + 0.1, kind, 70),
        (READY + 1.0, "read_timeout", 110),
    ]:
        story.tell("failed", key, sent, count)
        story.tell("failed_ended", key, sent + 30.0, count)
    assert story.effect(slow).excused == story.effect(slow[::-1]).excused == 3 + 4 + 5
    assert story.effect(unseen).excused == 3 + 4
    assert story.effect(came_in_addition()).excused == 0


def test_losses_are_counted_until_the_stopped_replicas_have_ended() -> None:
    """A replica that drains longer than its replacement needs loses requests at its end, too."""
    story = steady(Story(0.25))
    for series in ("failed", "failed_ended"):
        for key, at, count in [
            (f"{LOST} server-b", 16.0, 5),
            (f"{LOST} server-b", 16.25, 50),
            (f"{LOST} server-c", 16.0, 500),
            (LOST, 16.0, 3),
            (LOST, 16.25, 30),
        ]:
            story.tell(series, key, at, count)
    assert story.effect().lost == 0
    late = [replace(REPLACED[0], ended_unix_seconds=START + 16.1), REPLACED[1]]
    for order in (late, late[::-1]):
        found = story.effect(order)
        assert found.lost_by_replica == {"server-b": 5}
        assert found.lost_unattributed == 3


def test_losses_of_each_replica_are_counted_from_its_own_stop_on() -> None:
    """What broke on a replica before it was stopped did not break because of the stop."""
    story = steady(Story(0.25))
    for key, at, count in [
        (f"{LOST} server-b", STOP + 0.5, 1),
        (f"{LOST} server-c", STOP + 0.75, 20),
        (f"{LOST} server-c", STOP + 1.0, 3),
        (f"{LOST} server-d", STOP + 1.0, 40),
    ]:
        story.tell("failed_ended", key, at, count)
    wave = replace(REPLACED[1], stopped_unix_seconds=START + STOP + 1.1)
    added = Replacement(START + STOP + 0.5, None, None, "server-f", START + READY)
    found = story.effect([added, REPLACED[0], wave], (*SERVERS, *NEW, "server-f"))
    assert found.lost_by_replica == {"server-b": 1, "server-c": 3}


def test_losses_of_a_replica_that_restarts_in_place_end_when_it_is_back() -> None:
    """The start before may answer for a while yet, but what breaks then may be the new one's."""
    story = steady(Story(0.25), SERVERS)
    for at, count in ((READY, 2), (READY + 0.25, 30)):
        story.tell("failed_ended", f"{LOST} server-b", at, count)
    drained = [Replacement(START + STOP, "server-b", START + 20, "server-b", START + READY)]
    assert story.effect(drained, SERVERS).lost_by_replica == {"server-b": 2}


def test_replica_that_drains_after_its_time_has_a_row() -> None:
    """Answers of a stopped replica are in the table, wherever they fall, and judged nowhere."""
    story = steady(Story(0.25))
    story.tell("answered", "server-b", READY + 2, 4)
    found = story.effect()
    after = found.phase(PhaseName.AFTER)
    assert after is not None
    rows = {row.replica: row.answered for row in after.rows}
    assert list(rows) == ["server-a", "server-b", "server-d", "server-e"]
    assert rows["server-b"] == 4
    assert "server-b" not in story.judged(found).spread.counts
    assert sum(row.answered_ratio for row in after.rows) == pytest.approx(1)


def test_rows_are_in_the_order_of_the_replicas() -> None:
    """Replicas are listed as the lab lists them, whatever their names."""
    named = ("server-e", "server-c", "server-a", "server-d", "server-b")
    found = steady(Story(0.25)).effect(replicas=named)
    assert [[row.replica[-1] for row in phase.rows] for phase in found.phases] == [
        ["c", "a", "b"],
        ["e", "c", "a", "d", "b"],
        ["e", "a", "d"],
    ]


def test_phases_add_up_to_the_run() -> None:
    """Every answer, connection and failure of the timeline is in one row of one phase."""
    run, replacements = restarted(heals=True, lost=5)
    made = run.summary()
    story = Story()
    story.timeline = run.ledger.timeline
    found = story.effect(replacements)
    rows = [row for phase in found.phases for row in phase.rows]
    for pod, count in made.pods.items():
        own = [row for row in rows if row.replica == pod]
        assert sum(row.answered for row in own) == count.requests
        assert sum(row.opened for row in own) == count.connections_opened
        assert own[-1].held == count.connections_open
    assert sum(phase.failures[LOST]["server-b"] for phase in found.phases if phase.failures) == 5


def rolled(keep: int) -> tuple[Story, list[Replacement]]:
    """Tell of a rolling restart: connections of each stopped replica go to all that serve then."""
    story = Story(0.25)
    held = Counter(dict.fromkeys(SERVERS, 30))
    for pod in SERVERS:
        story.open(pod, 0.5, 30)
    replacements = []
    for index, old in enumerate(SERVERS[keep:]):
        at, new = STOP + 4 * index, f"server-{'def'[index]}"
        left = held.pop(old)
        story.tell("closed", old, at, left)
        heirs = sorted(held)
        for number, pod in enumerate(heirs):
            share = left // len(heirs) + (number < left % len(heirs))
            story.open(pod, at + 0.1, share)
            held[pod] += share
        held[new] = 0
        replacements.append(Replacement(START + at, old, START + at, new, START + at + 2))
    for second in range(STOP + 12, END):
        for pod, count in held.items():
            story.tell("answered", pod, second, count)
    return story, replacements


@pytest.mark.parametrize("keep", [0, 1])
def test_rolling_restart_is_one_restart_from_first_stop_to_last_ready(keep: int) -> None:
    """The waves are one `during`; the last replacement has nobody left to get connections from."""
    story, replacements = rolled(keep)
    new = [one.new for one in replacements]
    found = story.effect(replacements, [*SERVERS, *new])
    during, after = found.phase(PhaseName.DURING), found.phase(PhaseName.AFTER)
    assert during is not None
    assert after is not None
    assert during.start_seconds == STOP
    assert after.start_seconds == during.end_seconds == STOP + 4 * (2 - keep) + 2.25
    assert found.survivors == [*SERVERS[:keep]]
    assert [row.replica for row in after.rows] == [*SERVERS[:keep], *new]
    assert after.rows[-1].held == 0
    assert sum(row.held for row in after.rows) == 90
    assert found.orphaned == 30 * (3 - keep)
    assert found.crew == [*SERVERS[:keep], *new]
    assert story.pinned(found, replacements)


def test_restart_of_all_replicas_leaves_no_survivor() -> None:
    """Where nobody survives nothing is inherited, and only the replacements are judged."""
    story = Story(0.25)
    new = ["server-d", "server-e", "server-f"]
    for pod in SERVERS:
        story.open(pod, 0.5, 20)
        story.tell("closed", pod, STOP, 20)
    for pod in new:
        story.open(pod, READY + 1, 20)
        for second in range(READY + 2, END):
            story.tell("answered", pod, second, 20)
    everybody = [
        Replacement(START + STOP, old, START + STOP, heir, START + READY)
        for old, heir in zip(SERVERS, new, strict=True)
    ]
    found = story.effect(everybody, [*SERVERS, *new])
    assert (found.survivors, found.inherited, found.orphaned, found.moved) == ([], 0, 60, 0)
    assert story.judged(found).spread.counts == dict.fromkeys(new, 20)
    assert not story.pinned(found, everybody)
    assert found.too_few_to_tell


def test_run_that_ends_in_the_restart_has_no_after() -> None:
    """Where a replacement was never ready nothing is judged, and what was seen is counted."""
    story = steady(Story(0.25))
    never = [Replacement(START + STOP, "server-b", START + STOP)]
    found = story.effect(never)
    assert [phase.name for phase in found.phases] == ["before", "during"]
    assert found.phase(PhaseName.AFTER) is None
    assert (found.finished, found.seconds_to_even, found.moved) == (False, None, 0)
    assert found.end_bucket == history(story.timeline).buckets
    assert found.replacements == []


def test_run_without_a_restart_has_no_effect() -> None:
    """Where nothing was replaced there is nothing to work out."""
    story = steady(Story())
    assert effect(history(story.timeline), SERVERS, [], Unit.HELD, 0.0) is None


def test_end_of_the_load_is_not_where_users_wait_for_what_is_gone() -> None:
    """Most may be without a connection for long after an event: what they have then is judged."""
    story = Story(0.25)
    for pod in SERVERS:
        story.open(pod, 0.0, 20)
    for pod in SERVERS[1:]:
        story.tell("closed", pod, STOP + 0.5, 20)
    for second in range(END):
        story.tell("answered", SURVIVOR, second, 20)
    story.open(NEW[0], 25.0, 1)
    found = story.effect()
    assert [row.held for row in found.phases[-1].rows] == [20, 1, 0]
    assert story.judged(found).spread.counts == {SURVIVOR: 20, NEW[0]: 1, NEW[1]: 0}


def test_tail_of_a_run_is_not_what_is_judged() -> None:
    """Connections that close when the load is over take nothing from those that were held."""
    story = steady(Story(0.25))
    for pod in LAST:
        story.tell("closed", pod, END + 1, 20)
    found = story.effect()
    assert story.judged(found).spread.counts == dict.fromkeys(LAST, 20)
    assert not story.pinned(found)


def test_uncertain_clocks_widen_during_on_both_sides() -> None:
    """What may have happened while replicas restarted counts as then."""
    story = steady(Story(0.25))
    exact, uncertain = (story.effect(uncertainty_seconds=by) for by in (0.0, 1.0))
    for found, begin, end in ((exact, 10.5, 12.75), (uncertain, 9.5, 13.75)):
        during = found.phase(PhaseName.DURING)
        assert during is not None
        assert (during.start_seconds, during.end_seconds) == (begin, end)


def test_replica_that_restarts_in_place_is_stopped_and_serves_afterwards() -> None:
    """Its connections are gone, and it is one of those that are judged."""
    story = Story(0.25)
    for pod in SERVERS:
        story.open(pod, 0.5, 100)
    story.move("server-b", SURVIVOR, STOP + 0.6, 100)
    story = answer_to_the_end(story, READY, Counter(dict.fromkeys(SERVERS, 100)))
    story.tell("failed_ended", f"{LOST} server-b", STOP + 1, 6)
    story.tell("failed", f"{LOST} server-b", STOP - 1, 6)
    crash = [
        Replacement(
            START + STOP, "server-b", START + STOP, "server-b", START + READY, reason="OOMKilled"
        )
    ]
    found = story.effect(crash, SERVERS)
    assert found.crew == ["server-a", "server-c", "server-b"]
    assert (found.survivors, found.replaced) == (["server-a", "server-c"], ["server-b"])
    assert (found.orphaned, found.inherited) == (100, 100)
    assert found.lost_by_replica == {"server-b": 6}
    assert story.judged(found).spread.counts == {"server-a": 200, "server-c": 100, "server-b": 0}
    assert story.pinned(found, crash)


@pytest.mark.parametrize("inferred", [(True, True), (False, True)], ids=["all", "one"])
def test_what_is_inferred_is_left_out_where_it_would_be_wrong(inferred: tuple[bool, bool]) -> None:
    """Where nobody saw a stop, nobody knows how many connections there were at that moment."""
    story = steady(Story(0.25))
    seen = [
        replace(one, ended_unix_seconds=None, ready_unix_seconds=START + READY, inferred=guessed)
        for one, guessed in zip(REPLACED, inferred, strict=True)
    ]
    found = story.effect(seen)
    assert (found.orphaned, found.inherited, found.moved) == (None, None, None)


def test_replica_that_restarts_in_place_was_there_before() -> None:
    """It has a row of the phase before, even where it answered nothing then."""
    story = steady(Story(0.25), SERVERS)
    crash = [Replacement(START + STOP, "silent", START + STOP, "silent", START + READY)]
    before, during, _ = story.effect(crash, [*SERVERS, "silent"]).phases
    assert [row.replica for row in before.rows] == [*SERVERS, "silent"]
    assert before.rows[-1] == Row("silent", 0, 0.0, 0, 0)
    assert {row.answered_ratio for row in before.rows[:-1]} == {1 / 3}
    assert {(row.answered, row.answered_ratio) for row in during.rows} == {(0, 0.0)}


def test_connections_of_unknown_replicas_have_a_row() -> None:
    """Of what closed before its first answer, or never got one, nobody knows whose it was."""
    story = steady(Story(0.25))
    for series, at, count in [
        ("opened", 5.0, 7),
        ("closed", STOP + 0.5, 4),
        ("opened", READY + 1.0, 2),
        ("closed", READY + 1.0, 5),
    ]:
        story.tell(series, "", at, count)
    last = [phase.rows[-1] for phase in story.effect().phases]
    assert [(row.replica, row.opened, row.held) for row in last] == [
        ("", 7, 7),
        ("", 0, 3),
        ("", 2, 0),
    ]
    assert all(row.replica for phase in steady(Story()).effect().phases for row in phase.rows)
