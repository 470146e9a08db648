"""What a restart did: the phases in numbers, and where the connections are afterwards.

Which connections are judged? Where they are kept, those that are held at the end of a
phase: each was balanced once, when it was opened, and stays where it is. (Those opened
after a restart are spread by chance in any case, and say nothing of the others.) Where
every request has a connection of its own, those opened in the phase: who holds how many
at one moment then only tells how busy a replica is.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from long_lived.lab.history import History
from long_lived.lab.phases import Phase, PhaseName, phases
from long_lived.lab.replacement import Replacement
from long_lived.lab.statistics import FEWEST_EXPECTED, LEVEL, Spread, far_below, spread

LOOK_SECONDS = 1.0
"""How long connections are counted for one look, where each request has one of its own; longer
where fewer than twice `FEWEST_EXPECTED` for each replica would be opened in it."""

LOST = "connection_lost"
"""`ErrorKind` of a request whose connection was closed or reset before its answer."""


@dataclass(frozen=True)
class Row:
    """One replica in one phase."""

    replica: str
    answered: int
    answered_ratio: float
    """Share of the phase's answers, 0 to 1."""
    opened: int
    held: int
    """Connections at the end of the phase."""
    failed_by_kind: dict[str, int]
    """Requests that failed on a connection on which this replica had answered before; the first
    request on a connection fails without telling whom it would have reached."""


@dataclass(frozen=True)
class PhaseCounts:
    """One phase in numbers."""

    name: PhaseName
    start_seconds: float
    end_seconds: float
    rows: list[Row]
    failed_by_kind: dict[str, int]
    spread: Spread | None
    """Of the connections that are judged; None for `during`, when no share would be fair."""


@dataclass(frozen=True)
class Aftermath:
    """What a restart did."""

    survivors: list[str]
    replaced: list[str]
    replacements: list[str]
    phases: list[PhaseCounts]
    kept: bool
    """Whether connections outlive their requests: then those held at the end of a phase are
    judged, otherwise those opened in it."""
    pinned: bool
    """Whether the spread after the restart is no chance, and a replacement is far below."""
    inherited: int
    """Connections of the replaced replicas that were opened anew on survivors."""
    orphaned: int
    """Connections that the replaced replicas had when the first was stopped."""
    moved: int
    """Connections that left the survivors after the restart."""
    seconds_to_even: float | None
    """From the first stop until the connections were within chance for good; None means never
    within this run."""
    lost_in_flight: int
    """Requests in flight on the replicas that were stopped."""
    failed_during: int
    """All requests that failed while replicas were restarting; these are among them."""

    def phase(self, name: PhaseName) -> PhaseCounts | None:
        """Return the counts of a phase; None where the run did not reach it."""
        return next((phase for phase in self.phases if phase.name == name), None)


def aftermath(
    history: History, replicas: Sequence[str], replacements: Sequence[Replacement]
) -> Aftermath | None:
    """Work out what a restart did; None where none was made.

    `replicas` are the names of all replicas, those without any connection too.
    """
    divided = phases(history, replacements)
    if not divided:
        return None
    gone = [one.old for one in replacements if one.old]
    new = [one.new for one in replacements if one.new]
    first = [name for name in replicas if name not in new]
    survivors = [name for name in first if name not in gone]
    last = survivors + [name for name in new if name not in gone]
    load_end = history.load_end()
    crew = {PhaseName.BEFORE: first, PhaseName.DURING: [*first, *new], PhaseName.AFTER: last}
    counts = [_count(history, phase, crew[phase.name], replicas, load_end) for phase in divided]
    after = next((phase for phase in divided if phase.name is PhaseName.AFTER), None)
    during = next((phase for phase in divided if phase.name is PhaseName.DURING), None)
    stop = next((p.first for p in divided if p.name is not PhaseName.BEFORE), history.buckets)

    orphaned = sum(history.held(name, stop - 1) for name in gone)
    settled = _settled(after, load_end) if after else history.buckets
    grown = sum(history.held(name, settled) - history.held(name, stop - 1) for name in survivors)
    moved = (
        sum(history.count("closed", name, after.first, settled + 1) for name in survivors)
        if after
        else 0
    )
    found = counts[-1].spread if after else None
    uneven = pinned = False
    if found is not None:
        uneven = found.enough and not found.within_chance
        pinned = uneven and any(
            far_below(found.counts[name], found.total, len(last), len(new))
            for name in new
            if name in found.counts
        )
    ends = [at for one in replacements if (at := one.ended_unix_seconds) is not None]
    lost_until = max(
        during.end if during else stop, history.bucket(max(ends)) + 1 if ends else stop
    )
    return Aftermath(
        survivors=survivors,
        replaced=gone,
        replacements=new,
        phases=counts,
        kept=history.kept(),
        pinned=pinned,
        inherited=max(0, min(orphaned, grown)),
        orphaned=orphaned,
        moved=moved,
        seconds_to_even=None
        if found is None or uneven
        else _seconds_to_even(history, last, stop, settled),
        lost_in_flight=history.count("failed", LOST, stop, lost_until),
        failed_during=sum(history.by_key("failed", stop, lost_until).values()),
    )


def _settled(phase: Phase, load_end: int) -> int:
    """Tell the bucket at whose end a phase's connections are counted: under load, if ever."""
    return max(phase.first, min(phase.end, load_end) - 1)


def _count(
    history: History, phase: Phase, crew: Sequence[str], replicas: Sequence[str], load_end: int
) -> PhaseCounts:
    settled = _settled(phase, load_end)
    answered = history.by_key("answered", phase.first, phase.end)
    everybody = sum(answered.values())
    order = {name: index for index, name in enumerate(replicas)}
    # A replica that drains answers after its time, too.
    everyone = sorted({*crew, *answered}, key=lambda name: (order.get(name, 0), name))
    opened = {name: history.count("opened", name, phase.first, phase.end) for name in everyone}
    held = {name: history.held(name, settled) for name in everyone}
    counted = held if history.kept() else opened
    judged = {name: counted[name] for name in crew}
    return PhaseCounts(
        name=phase.name,
        start_seconds=history.seconds(phase.first),
        end_seconds=history.seconds(phase.end),
        rows=[
            Row(
                name,
                answered.get(name, 0),
                answered.get(name, 0) / everybody if everybody else 0.0,
                opened[name],
                held[name],
                history.failed_on(name, phase.first, phase.end),
            )
            for name in everyone
        ],
        failed_by_kind=history.by_key("failed", phase.first, phase.end),
        spread=spread(judged) if judged and phase.name is not PhaseName.DURING else None,
    )


def _seconds_to_even(
    history: History, crew: Sequence[str], stop: int, settled: int
) -> float | None:
    """Tell from when on the connections are within chance, at every look until the end.

    The more often one looks the more often chance looks odd, so the level is shared among
    the looks. A look at too few connections to tell says neither yes nor no.
    """
    step = 1 if history.kept() else _look_buckets(history, len(crew), stop, settled)
    looks = range(stop, settled + 1, step)
    uneven_until = stop
    for first in looks:
        end = min(first + step, settled + 1)
        found = spread(
            {
                name: history.held(name, first)
                if history.kept()
                else history.count("opened", name, first, end)
                for name in crew
            }
        )
        if found.enough and found.p_value < LEVEL / len(looks):
            uneven_until = end
    if uneven_until > settled:
        return None
    return round((uneven_until - stop) * history.bucket_seconds, 3)


def _look_buckets(history: History, replicas: int, stop: int, settled: int) -> int:
    """Tell how many buckets make a look that has enough connections to tell."""
    opened = sum(history.by_key("opened", stop, settled + 1).values())
    needed = 2 * FEWEST_EXPECTED * replicas * (settled + 1 - stop)
    return max(1, round(LOOK_SECONDS / history.bucket_seconds), math.ceil(needed / max(1, opened)))
