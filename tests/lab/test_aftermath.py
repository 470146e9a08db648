"""What a restart did: known runs by hand, and thousands of simulated ones."""

import math
import random
from collections import Counter
from collections.abc import Callable, Sequence

import pytest

from long_lived.client.timeline import Timeline
from long_lived.lab.aftermath import LOST, Aftermath, aftermath
from long_lived.lab.phases import PhaseName
from long_lived.lab.replacement import Replacement
from long_lived.lab.statistics import LEVEL

from .runs import NEW, SERVERS, START, history, restarted

STOP, READY, END = 10, 12, 30
"""Of the simulated restarts, in seconds: of one bucket each."""

RUNS = 2_000
CONNECTIONS = 150
SURVIVOR = SERVERS[0]
LAST = (SURVIVOR, *NEW)

REPLACED = [
    Replacement(START + STOP + 0.5, old, START + STOP + 0.7, new, START + READY + 0.5)
    for old, new in zip(SERVERS[1:], NEW, strict=True)
]


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

    def aftermath(
        self,
        replacements: Sequence[Replacement] = REPLACED,
        replicas: Sequence[str] = (*SERVERS, *NEW),
    ) -> Aftermath:
        """Work out what the restart did."""
        found = aftermath(history(self.timeline), replicas, replacements)
        assert found is not None
        return found


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


def after_spread(found: Aftermath):
    """Return the spread after the restart."""
    phase = found.phase(PhaseName.AFTER)
    assert phase is not None
    assert phase.spread is not None
    assert phase.spread.enough
    assert set(phase.spread.counts) == set(LAST)
    return phase.spread


@pytest.mark.parametrize("tell", [reassigned, per_request], ids=["kept", "per-request"])
def test_random_balancing_after_a_restart_is_rarely_called_uneven(
    tell: Callable[[random.Random], Story],
) -> None:
    """False alarms in 2,000 restarts are as rare as LEVEL promises, within five deviations."""
    rng = random.Random(20_261_125)
    alarms = pins = 0
    for _ in range(RUNS):
        found = tell(rng).aftermath()
        assert found.kept is (tell is reassigned)
        uneven = not after_spread(found).within_chance
        alarms += uneven
        pins += found.pinned
        assert not found.pinned or uneven
        assert uneven or found.seconds_to_even is not None
    assert alarms <= RUNS * LEVEL + 5 * math.sqrt(RUNS * LEVEL * (1 - LEVEL))
    assert pins <= alarms


@pytest.mark.parametrize("ratio", [0.0, 0.1], ids=["nothing", "a-tenth"])
@pytest.mark.parametrize("tell", [pinned, per_request], ids=["kept", "per-request"])
def test_replacement_that_gets_next_to_nothing_is_always_called_pinned(
    tell: Callable[[random.Random, float], Story], ratio: float
) -> None:
    """Nothing, or a tenth of the share, is noticed in every one of 2,000 restarts."""
    rng = random.Random(20_261_126)
    for _ in range(RUNS):
        found = tell(rng, ratio).aftermath()
        assert not after_spread(found).within_chance
        assert found.pinned
        assert found.seconds_to_even is None


def test_survivor_that_gets_nothing_is_uneven_and_not_pinned() -> None:
    """Pinned is a word for replacements that get too little, not for any odd spread."""
    story = Story()
    for second in range(END):
        for pod in SERVERS if second <= STOP else NEW:
            story.open(pod, second, 20)
            story.tell("closed", pod, second, 20)
    found = story.aftermath()
    assert not after_spread(found).within_chance
    assert not found.pinned


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ({}, None),
        ({"heals": True}, pytest.approx(4.5, abs=0.5)),
        ({"keeps": False}, pytest.approx(2.0, abs=0.5)),
    ],
    ids=["pinned", "healed", "per-request"],
)
def test_time_until_even_is_told_where_it_was_reached(given: dict, seconds: object) -> None:
    """A pinned run is never even again; a healed one is from when its connections moved."""
    run, replacements = restarted(**given)
    story = Story()
    story.timeline = run.ledger.timeline
    assert story.aftermath(replacements).seconds_to_even == seconds


def test_time_until_even_is_known_also_where_little_happens() -> None:
    """Looks at few connections are so long that they tell something: this one is not `at once`."""
    story = Story(0.25)
    for quarter in range(4 * END):
        at = quarter / 4
        crew = SERVERS if at < STOP else [SURVIVOR] if at < 20 else LAST
        pod = crew[quarter % len(crew)]
        story.open(pod, at)
        story.tell("closed", pod, at)
    late = [
        Replacement(START + STOP, old, START + STOP, new, START + 19.9)
        for old, new in zip(SERVERS[1:], NEW, strict=True)
    ]
    found = story.aftermath(late)
    assert found.seconds_to_even is not None
    assert found.seconds_to_even >= 5


def test_connections_are_followed_from_the_replaced_to_the_survivors() -> None:
    """What the replaced replicas had is orphaned; what the survivors got of it is inherited."""
    found = pinned(random.Random(1), 0.0).aftermath()
    assert found.survivors == [SURVIVOR]
    assert found.replaced == [*SERVERS[1:]]
    assert found.replacements == [*NEW]
    before = found.phase(PhaseName.BEFORE)
    assert before is not None
    held = {row.replica: row.held for row in before.rows}
    assert found.orphaned == held["server-b"] + held["server-c"]
    assert found.inherited == found.orphaned
    assert found.moved == 0


def test_connections_that_leave_the_survivors_have_moved() -> None:
    """Those that were opened anew after the restart are counted; inherited is what has stayed."""
    run, replacements = restarted(heals=True)
    story = Story()
    story.timeline = run.ledger.timeline
    found = story.aftermath(replacements)
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
    for at, kind, count in [
        (5.0, LOST, 100),
        (STOP + 0.5, LOST, 7),
        (READY + 0.5, LOST, 2),
        (STOP + 1.0, "connect_refused", 3),
        (READY + 1.0, LOST, 40),
        (20.0, LOST, 50),
        (20.0, "read_timeout", 60),
    ]:
        story.tell("failed", kind, at, count)
    found = story.aftermath()
    assert found.lost_in_flight == 9
    assert found.failed_during == 12
    assert {phase.name: phase.failed_by_kind for phase in found.phases} == {
        "before": {LOST: 100},
        "during": {LOST: 9, "connect_refused": 3},
        "after": {LOST: 90, "read_timeout": 60},
    }


def test_losses_are_counted_until_the_stopped_replicas_have_ended() -> None:
    """A replica that drains longer than its replacement needs loses requests at its end, too."""
    story = steady(Story(0.25))
    story.tell("failed", LOST, 16.0, 5)
    story.tell("failed", LOST, 20.0, 50)
    assert story.aftermath().lost_in_flight == 0
    late = [
        Replacement(
            one.stopped_unix_seconds, one.old, START + 16.1, one.new, one.ready_unix_seconds
        )
        for one in REPLACED
    ]
    assert story.aftermath(late).lost_in_flight == 5


def test_replica_that_drains_after_its_time_has_a_row() -> None:
    """Answers of a stopped replica are in the table, wherever they fall, and judged nowhere."""
    story = steady(Story(0.25))
    story.tell("answered", "server-b", READY + 2, 4)
    found = story.aftermath()
    after = found.phase(PhaseName.AFTER)
    assert after is not None
    rows = {row.replica: row.answered for row in after.rows}
    assert list(rows) == ["server-a", "server-b", "server-d", "server-e"]
    assert rows["server-b"] == 4
    assert "server-b" not in after_spread(found).counts
    assert sum(row.answered_ratio for row in after.rows) == pytest.approx(1)


def test_phases_add_up_to_the_run() -> None:
    """Every answer, connection and failure of the timeline is in one row of one phase."""
    run, replacements = restarted(heals=True, lost=5)
    made = run.summary()
    story = Story()
    story.timeline = run.ledger.timeline
    found = story.aftermath(replacements)
    rows = [row for phase in found.phases for row in phase.rows]
    for pod, count in made["pods"].items():
        own = [row for row in rows if row.replica == pod]
        assert sum(row.answered for row in own) == count["requests"]
        assert sum(row.opened for row in own) == count["connections_opened"]
        assert own[-1].held == count["connections_open"]
    assert sum(sum(phase.failed_by_kind.values()) for phase in found.phases) == 5


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
    found = story.aftermath(replacements, [*SERVERS, *new])
    during, after = found.phase(PhaseName.DURING), found.phase(PhaseName.AFTER)
    assert during is not None
    assert after is not None
    assert during.start_seconds == STOP
    assert after.start_seconds == during.end_seconds == STOP + 4 * (2 - keep) + 2.25
    assert during.spread is None
    assert found.survivors == [*SERVERS[:keep]]
    assert [row.replica for row in after.rows] == [*SERVERS[:keep], *new]
    assert after.rows[-1].held == 0
    assert sum(row.held for row in after.rows) == 90
    assert found.orphaned == 30 * (3 - keep)
    assert found.pinned


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
    found = story.aftermath(everybody, [*SERVERS, *new])
    assert (found.survivors, found.inherited, found.orphaned, found.moved) == ([], 0, 60, 0)
    after = found.phase(PhaseName.AFTER)
    assert after is not None
    assert after.spread is not None
    assert after.spread.counts == dict.fromkeys(new, 20)
    assert not found.pinned
    assert found.seconds_to_even is not None


def test_run_that_ends_in_the_restart_has_no_after() -> None:
    """Where a replacement was never ready nothing is judged, and what was seen is counted."""
    story = steady(Story(0.25))
    never = [Replacement(START + STOP, "server-b", START + STOP)]
    found = story.aftermath(never)
    assert [phase.name for phase in found.phases] == ["before", "during"]
    assert found.phase(PhaseName.AFTER) is None
    assert (found.pinned, found.seconds_to_even) == (False, None)
    assert found.replacements == []


def test_run_without_a_restart_has_no_aftermath() -> None:
    """Where nothing was replaced there is nothing to work out."""
    story = steady(Story())
    assert aftermath(history(story.timeline), SERVERS, []) is None


def test_tail_of_a_run_is_not_what_is_judged() -> None:
    """Connections that close when the load is over take nothing from those that were held."""
    story = steady(Story(0.25))
    for pod in LAST:
        story.tell("closed", pod, END + 1, 20)
    found = story.aftermath()
    assert after_spread(found).counts == dict.fromkeys(LAST, 20)
    assert not found.pinned
