"""Kinds of runs whose truth is known: what their balancing and their events must lead to."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bench.simulation import START, Plan, Start

from long_lived.lab.analysis.events.change import Change
from long_lived.lab.analysis.verdict import Finding

STOP, READY = 10.1, 12.7
"""When replicas are stopped, and when their successors are ready."""

SLOW = 5000
"""Connections from which a run has fewer requests: simulating those takes the time."""


@dataclass(frozen=True)
class Case:
    """A kind of run, and the truth about it."""

    name: str
    replicas: int
    connections: int
    lag: float
    truth: Finding
    plan: Plan
    settings: tuple[str, ...] = ()
    """What differs from the default settings."""
    clients: int = 1


def crew(replicas: int) -> list[Start]:
    """Return replicas that serve all along."""
    return [Start(f"old-{index:03}") for index in range(replicas)]


def plain(replicas: int, connections: int, **given: object) -> Plan:
    """Plan a run without an event; per request, if not `kept`."""
    return _users(Plan(crew(replicas), 0), connections, given)


def restarted(
    replicas: int,
    connections: int,
    lag: float,
    stopped: int,
    *,
    weight: float = 1.0,
    **given: object,
) -> Plan:
    """Plan one in which the last replicas are stopped at once, and replaced."""
    old = crew(replicas)
    left = replicas - stopped
    gone = [replace(one, down=STOP, lag=lag) for one in old[left:]]
    # They are not ready all at once.
    ready = [READY + 0.3 * index / stopped for index in range(stopped)]
    new = [Start(f"new-{i:03}", up=at, lag=lag, weight=weight) for i, at in enumerate(ready)]
    events = [
        Change(START + STOP, was.name, START + STOP + 1, now.name, START + now.up)
        for was, now in zip(gone, new, strict=True)
    ]
    return _users(Plan([*old[:left], *gone, *new], 0, events), connections, given)


def rolled_out(replicas: int, connections: int, lag: float, **given: object) -> Plan:
    """Plan a roll-out: the next one goes when its successor is ready and the Service knows."""
    wave = 2.0 if replicas <= 5 else 25.0 / replicas
    ready = [STOP + wave * index for index in range(replicas)]
    old = [
        replace(one, down=at + lag, lag=lag) for one, at in zip(crew(replicas), ready, strict=True)
    ]
    new = [Start(f"new-{i:03}", up=at, lag=lag) for i, at in enumerate(ready)]
    events = [
        Change(START + was.down, was.name, START + was.down + 1, now.name, START + now.up)
        for was, now in zip(old, new, strict=True)
    ]
    return _users(Plan([*old, *new], 0, events), connections, given)


def crashed(replicas: int, connections: int, lag: float, stopped: int, **given: object) -> Plan:
    """Plan one in which the last replicas are killed and started again under their names.

    Their addresses stay, and refuse connections until they are back or the Service takes note.
    """
    old = crew(replicas)
    left = replicas - stopped
    gone = [replace(one, down=STOP, lag=lag) for one in old[left:]]
    again = [Start(one.name, up=READY, lag=lag) for one in gone]
    plan = Plan([*old[:left], *gone, *again], 0, killed=True)
    return _users(plan, connections, given)


def seen_by_the_lab(plan: Plan) -> Plan:
    """Tell the lab about replicas that were restarted in place."""
    again = [one for one in plan.starts if one.up > 0]
    events = [
        Change(START + STOP, one.name, START + STOP, one.name, START + one.up, "OOMKilled")
        for one in again
    ]
    return replace(plan, changes=events)


def scaled_up(replicas: int, connections: int, lag: float, more: int, **given: object) -> Plan:
    """Plan one in which replicas are added."""
    new = [Start(f"new-{index:03}", up=READY, lag=lag) for index in range(more)]
    events = [Change(START + STOP, None, None, one.name, START + one.up) for one in new]
    return _users(Plan([*crew(replicas), *new], 0, events), connections, given)


def scaled_down(replicas: int, connections: int, lag: float, fewer: int, **given: object) -> Plan:
    """Plan one in which the last replicas are removed."""
    old = crew(replicas)
    gone = [replace(one, down=STOP, lag=lag) for one in old[replicas - fewer :]]
    events = [Change(START + STOP, one.name, START + STOP + 1, for_good=True) for one in gone]
    return _users(Plan([*old[: replicas - fewer], *gone], 0, events), connections, given)


def weighted(plan: Plan, *, weight: float = 1.0, slowness: float = 1.0) -> Plan:
    """Give the first replica another weight, or another speed."""
    first, *others = plan.starts
    return replace(plan, starts=[replace(first, weight=weight, slowness=slowness), *others])


def _users(plan: Plan, connections: int, given: dict[str, object]) -> Plan:
    """Let that many connections be made: one by each user, or one for each request."""
    plan = replace(plan, **given)  # type: ignore[arg-type]
    if plan.kept and not plan.proxied:
        # Fewer requests on each, where there are many: they are not what is judged.
        plan = replace(plan, users=connections)
        if connections < SLOW:
            return plan
        if connections >= 10 * SLOW:
            return replace(plan, delay=(8.0, 16.0), think=(3.0, 5.0))
        return replace(plan, delay=(3.0, 7.0), think=(2.0, 4.0))
    if connections >= SLOW:
        plan = replace(plan, delay=(1.0, 3.0), think=(1.0, 3.0))
    each = sum(plan.delay) / 2 + sum(plan.think) / 2
    return replace(plan, users=max(1, round(connections * each / plan.end)))


def cases() -> Iterator[Case]:
    """List all cases."""
    for part in (_without_events, _kept, _healed, _per_request, _skewed, _proxied):
        yield from part()


def _without_events() -> Iterator[Case]:
    even = Finding.EVEN
    for replicas, connections in (
        (2, 50), (2, 100), (3, 191), (3, 1000), (3, 10_000), (10, 1250), (30, 6000), (100, 35_000),
    ):  # fmt: skip
        yield Case("kept", replicas, connections, 0, even, plain(replicas, connections))
    for replicas, connections in (
        (2, 50), (2, 100), (3, 250), (10, 2000), (30, 10_000), (3, 100_000),
    ):  # fmt: skip
        plan = plain(replicas, connections, kept=False)
        yield Case("per request", replicas, connections, 0, even, plan)
    yield Case("kept, one slow", 3, 1000, 0, even, weighted(plain(3, 1000), slowness=10))
    for replicas, connections in ((2, 1000), (3, 1000), (10, 5000)):
        plan = weighted(plain(replicas, connections, kept=False), slowness=10)
        yield Case("per request, one slow", replicas, connections, 0, even, plan)


def _kept() -> Iterator[Case]:
    pinned, even = Finding.PINNED, Finding.EVEN
    for replicas, connections, lag in (
        (2, 50, 0), (2, 100, 0), (3, 200, 0), (3, 300, 1), (3, 300, 2), (3, 300, 5),
        (3, 100_000, 2), (10, 1500, 2), (30, 6000, 0), (30, 6000, 5), (100, 35_000, 1),
    ):  # fmt: skip
        plan = restarted(replicas, connections, lag, replicas - 1)
        yield Case("kept, all but one restarted", replicas, connections, lag, pinned, plan)
    for replicas, connections, lag in ((3, 300, 0), (3, 300, 5), (10, 1500, 1), (30, 6000, 2)):
        plan = restarted(replicas, connections, lag, max(1, replicas // 3))
        yield Case("kept, a third restarted", replicas, connections, lag, pinned, plan)
    plan = restarted(3, 300, 1, 2, killed=True)
    yield Case("kept, all but one killed", 3, 300, 1, pinned, plan)
    for replicas, connections, lag in ((3, 600, 2), (10, 6000, 5)):
        plan = restarted(replicas, connections, lag, replicas - 1, end=30.0)
        yield Case("kept, all but one restarted, short", replicas, connections, lag, pinned, plan)
    for replicas, connections, lag in (
        (3, 300, 0), (3, 1000, 1), (3, 3000, 2), (10, 3000, 1), (30, 6000, 0),
    ):  # fmt: skip
        plan = rolled_out(replicas, connections, lag)
        yield Case("kept, rolled out", replicas, connections, lag, pinned, plan)
    # Users who think long come back one by one, most of them when the replacements serve.
    for replicas, connections, think in ((3, 3000, (10.0, 30.0)), (30, 6000, (20.0, 60.0))):
        plan = restarted(replicas, connections, 0, replicas - 1, ramp_up=10.0, end=110.0)
        plan = replace(plan, delay=(1.0, 3.0), think=think)
        yield Case(
            "kept, all but one restarted, idle users", replicas, connections, 0, pinned, plan
        )
    plan = restarted(3, 1000, 2, 2, age=80.0)
    yield Case("half recycled, all but one restarted", 3, 1000, 2, pinned, plan)
    plan = restarted(3, 600, 1, 2)
    yield Case("kept, all but one restarted, 3 clients", 3, 600, 1, pinned, plan, clients=3)
    fails = ("experiment.maxFailedRatio=0.1",)
    for replicas, connections, lag in ((3, 300, 1), (3, 1000, 5), (10, 1500, 1)):
        plan = crashed(replicas, connections, lag, max(1, replicas // 3))
        # One that gets nothing any more cannot be told from one that stays away.
        truth = pinned if lag == 5 else Finding.UNEVEN
        yield Case("kept, a third crashed", replicas, connections, lag, truth, plan, fails)
        plan = seen_by_the_lab(plan)
        yield Case("kept, a third crashed, seen", replicas, connections, lag, pinned, plan, fails)
    plan = seen_by_the_lab(crashed(3, 300, 1, 2))
    yield Case("kept, all but one crashed, seen", 3, 300, 1, pinned, plan, fails)
    for replicas, more, connections, lag in (
        (3, 2, 500, 1), (2, 1, 1000, 0), (20, 10, 4000, 2), (30, 1, 6000, 1),
    ):  # fmt: skip
        plan = scaled_up(replicas, connections, lag, more)
        yield Case(f"kept, {more} added", replicas, connections, lag, pinned, plan)
    for replicas, fewer, connections, lag in ((3, 1, 300, 0), (5, 2, 500, 1), (30, 10, 6000, 5)):
        plan = scaled_down(replicas, connections, lag, fewer)
        yield Case(f"kept, {fewer} removed", replicas, connections, lag, even, plan)


def _healed() -> Iterator[Case]:
    even = Finding.EVEN
    for replicas, connections, lag in (
        (2, 100, 1), (3, 300, 0), (3, 300, 2), (3, 300, 5), (10, 2000, 2),
    ):  # fmt: skip
        plan = restarted(replicas, connections, lag, replicas - 1, age=10.0)
        yield Case("recycled, restarted", replicas, connections, lag, even, plan)
    plan = restarted(30, 7000, 2, 29, age=20.0, end=75.0)
    yield Case("recycled, restarted", 30, 7000, 2, even, plan)
    yield Case("recycled, rolled out", 3, 300, 1, even, rolled_out(3, 300, 1, age=10.0))
    yield Case("recycled, 2 added", 3, 500, 1, even, scaled_up(3, 500, 1, 2, age=10.0))
    plan = seen_by_the_lab(crashed(3, 300, 1, 1, age=10.0))
    yield Case("recycled, a third crashed, seen", 3, 300, 1, even, plan)


def _per_request() -> Iterator[Case]:
    even = Finding.EVEN
    for replicas, connections, lag in (
        (2, 1000, 0), (3, 1000, 1), (3, 3000, 0), (3, 3000, 1), (3, 3000, 2), (3, 3000, 5),
        (3, 100_000, 2), (10, 10_000, 5), (30, 24_000, 2), (100, 100_000, 5),
    ):  # fmt: skip
        plan = restarted(replicas, connections, lag, replicas - 1, kept=False)
        yield Case("per request, restarted", replicas, connections, lag, even, plan)
    plan = restarted(3, 3000, 1, 2, kept=False)
    yield Case("per request, restarted, 3 clients", 3, 3000, 1, even, plan, clients=3)
    for lag in (0, 5):
        plan = restarted(3, 3000, lag, 1, kept=False, killed=True)
        yield Case("per request, a third killed", 3, 3000, lag, even, plan)
    for lag in (1, 2, 5):
        plan = restarted(3, 3000, lag, 2, kept=False, end=30.0)
        yield Case("per request, restarted, short", 3, 3000, lag, even, plan)
    plan = weighted(restarted(3, 3000, 1, 1, kept=False), slowness=10)
    yield Case("per request, restarted, one slow", 3, 3000, 1, even, plan)
    for replicas, connections, lag in ((3, 3000, 1), (10, 10_000, 2)):
        plan = rolled_out(replicas, connections, lag, kept=False)
        yield Case("per request, rolled out", replicas, connections, lag, even, plan)
        plan = crashed(replicas, connections, lag, replicas // 3, kept=False)
        fails = ("experiment.maxFailedRatio=0.1",)
        yield Case("per request, a third crashed", replicas, connections, lag, even, plan, fails)
        plan = scaled_up(replicas, connections, lag, replicas // 2, kept=False)
        yield Case("per request, half as many added", replicas, connections, lag, even, plan)
        plan = scaled_down(replicas, connections, lag, 1, kept=False)
        yield Case("per request, one removed", replicas, connections, lag, even, plan)


def _skewed() -> Iterator[Case]:
    uneven = Finding.UNEVEN
    plan = weighted(plain(3, 100_000, kept=False), weight=1.03)
    yield Case("per request, 2 % skew", 3, 100_000, 0, Finding.EVEN, plan)
    for replicas, connections in ((2, 250), (3, 1000), (10, 3000), (30, 10_000)):
        plan = weighted(plain(replicas, connections), weight=0.4)
        yield Case("kept, one gets less", replicas, connections, 0, uneven, plan)
        plan = weighted(plain(replicas, connections, kept=False), weight=0.4)
        yield Case("per request, one gets less", replicas, connections, 0, uneven, plan)
    for replicas, connections, lag in (
        (3, 3000, 0), (3, 3000, 1), (10, 12_000, 1), (30, 24_000, 2),
    ):  # fmt: skip
        stopped = max(1, replicas // 3)
        plan = restarted(replicas, connections, lag, stopped, kept=False, weight=0.5)
        yield Case("per request, new ones get half", replicas, connections, lag, uneven, plan)
    for replicas, connections in ((3, 1000), (10, 3000)):
        plan = restarted(replicas, connections, 1, replicas // 3, age=6.0, weight=0.4)
        yield Case("recycled, new ones get less", replicas, connections, 1, uneven, plan)
    plan = weighted(restarted(10, 6000, 1, 9, age=20.0, end=75.0), weight=2.0)
    yield Case("recycled, the old one gets twice as much", 10, 6000, 1, uneven, plan)


def _proxied() -> Iterator[Case]:
    even, uneven = Finding.EVEN, Finding.UNEVEN
    for replicas, connections in ((2, 500), (3, 1000), (30, 10_000)):
        plan = plain(replicas, connections, proxied=True)
        yield Case("proxy", replicas, connections, 0, even, plan)
    plan = weighted(plain(3, 3000, proxied=True), slowness=10)
    yield Case("proxy, one slow", 3, 3000, 0, even, plan)
    # For that long it has nowhere to send requests, and answers itself that they failed.
    for lag, truth in ((1, even), (5, Finding.INCOMPLETE)):
        plan = restarted(3, 3000, lag, 2, proxied=True)
        yield Case("proxy, restarted", 3, 3000, lag, truth, plan)
    for weight, name in ((1e6, "all to one"), (8.0, "most to one")):
        plan = weighted(plain(3, 1000, proxied=True), weight=weight)
        yield Case(f"proxy, {name}", 3, 1000, 0, uneven, plan)
