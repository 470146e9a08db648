"""What the events of a run did: the phases in numbers, and where the connections are afterwards."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from long_lived.lab.analysis.history import History
from long_lived.lab.analysis.judged import Unit
from long_lived.lab.analysis.later import SERVICE_LAG_SECONDS
from long_lived.lab.analysis.phases import Phase, PhaseName, phases
from long_lived.lab.analysis.power import LEVEL, needed
from long_lived.lab.analysis.replacement import Replacement
from long_lived.lab.analysis.spread import at_most
from long_lived.record.timeline import UNATTRIBUTED

SHARE_OF_FAIR = 0.9
"""Part of its fair share that every replica must have for the load to count as even again."""

LOOK_SECONDS = 1.0
"""Shortest look at what is opened or answered; what is held is looked at in every bucket."""

UNREACHED = ("connect_refused", "connect_timeout", "connect_failed")
"""`ErrorKind`s of a request that the Service sent to the address of a replica that is gone."""

LOST = "connection_lost"
"""`ErrorKind` of a request whose connection was closed or reset before its answer."""


@dataclass(frozen=True)
class Row:
    """One replica in one phase; the one without a name stands for connections of unknown ones."""

    replica: str
    answered: int
    answered_ratio: float
    """Share of the phase's answers, 0 to 1."""
    opened: int
    held: int
    """Connections at the end of the phase."""


@dataclass(frozen=True)
class PhaseCounts:
    """One phase in numbers."""

    name: PhaseName
    start_seconds: float
    end_seconds: float
    rows: list[Row]
    failures: dict[str, dict[str, int]]
    """Failed requests that were sent in the phase, by kind and by the replica that carried them
    (empty where unknown: nothing tells whom the first request on a connection would have met)."""


@dataclass(frozen=True)
class Effect:
    """What the events of a run did."""

    survivors: list[str]
    replaced: list[str]
    replacements: list[str]
    phases: list[PhaseCounts]
    end_bucket: int
    """The bucket before which the last event was over; `buckets` where it was not."""
    finished: bool
    """Whether every replacement was ready, and there is a phase after."""
    orphaned: int | None
    """Connections that the replaced replicas had when the first was stopped; None where the stop
    is only inferred."""
    inherited: int | None
    """Those of them that were opened anew on survivors; None likewise."""
    moved: int | None
    """Connections that left the survivors afterwards; None likewise."""
    seconds_to_even: float | None
    """From the first stop until every replica had its share for good; None: never in this run, or
    too few connections to tell."""
    too_few_to_tell: bool
    """Whether a look at the connections could not have noticed a replica with half its share."""
    lost_by_replica: dict[str, int]
    """Requests in flight on the replicas that were stopped, whose connection broke."""
    lost_unattributed: int
    """Requests whose connection broke in that time and of which nobody knows the replica."""
    excused: int
    """Failed requests that the events explain: sent while they lasted, or in flight before, or sent
    to a replica that was gone, until the Service must have known."""

    @property
    def lost(self) -> int:
        """Requests that may have been lost with a stopped replica."""
        return sum(self.lost_by_replica.values()) + self.lost_unattributed

    @property
    def crew(self) -> list[str]:
        """The replicas that serve afterwards."""
        return list(dict.fromkeys([*self.survivors, *self.replacements]))

    def phase(self, name: PhaseName) -> PhaseCounts | None:
        """Return the counts of a phase; None where the run did not reach it."""
        return next((phase for phase in self.phases if phase.name == name), None)


def effect(
    history: History,
    replicas: Sequence[str],
    replacements: Sequence[Replacement],
    unit: Unit,
    uncertainty_seconds: float,
) -> Effect | None:
    """Work out what the events of a run did; None where there was none.

    Args:
        history: of the run.
        replicas: names of all replicas, those without any connection too.
        replacements: what was stopped, and what came in its place.
        unit: what is judged.
        uncertainty_seconds: how far the clients' clocks may be off.
    """
    divided = phases(history, replacements, uncertainty_seconds)
    if not divided:
        return None
    back = {one.new for one in replacements if one.in_place}
    replaced = _unique(one.old for one in replacements)
    new = _unique(one.new for one in replacements)
    first = [name for name in replicas if name not in new or name in back]
    survivors = [name for name in first if name not in replaced]
    last = _unique([*survivors, *(name for name in new if name not in replaced or name in back)])
    crew = {PhaseName.BEFORE: first, PhaseName.DURING: [*first, *new], PhaseName.AFTER: last}
    counts = [_count(history, phase, crew[phase.name], replicas) for phase in divided]
    after = next((phase for phase in divided if phase.name is PhaseName.AFTER), None)
    during = next((phase for phase in divided if phase.name is PhaseName.DURING), None)
    stop = next((p.first for p in divided if p.name is not PhaseName.BEFORE), history.buckets)
    over = during.end if during else stop
    settled = _settled(history, after) if after else history.buckets
    orphaned = inherited = moved = None
    if not any(one.inferred for one in replacements):
        orphaned = sum(history.held(name, stop - 1) for name in replaced)
        grown = sum(
            history.held(name, settled) - history.held(name, stop - 1) for name in survivors
        )
        inherited = max(0, min(orphaned, grown))
        moved = (
            sum(history.count("closed", name, after.first, settled + 1) for name in survivors)
            if after
            else 0
        )
    lost_by_replica, lost_unattributed = _lost(history, replacements, stop, over)
    seconds, too_few = (
        _seconds_to_even(history, last, unit, stop, settled) if after else (None, False)
    )
    return Effect(
        survivors=survivors,
        replaced=replaced,
        replacements=[name for name in new if name in last],
        phases=counts,
        end_bucket=after.first if after else history.buckets,
        finished=after is not None,
        orphaned=orphaned,
        inherited=inherited,
        moved=moved,
        seconds_to_even=seconds,
        too_few_to_tell=too_few,
        lost_by_replica=lost_by_replica,
        lost_unattributed=lost_unattributed,
        excused=_excused(history, replacements, stop, over),
    )


def _unique(names: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(name for name in names if name))


def _settled(history: History, phase: Phase) -> int:
    """Tell the bucket at whose end a phase's connections are counted: under load, if ever."""
    return min(phase.end, history.load_end(phase.first)) - 1


def _count(
    history: History, phase: Phase, crew: Sequence[str], replicas: Sequence[str]
) -> PhaseCounts:
    settled = _settled(history, phase)
    answered = history.by_key("answered", phase.first, phase.end)
    everybody = sum(answered.values())
    # A replica that drains answers after its time, too.
    names = [name for name in replicas if name in crew or name in answered]
    rows = [
        Row(
            name,
            answered.get(name, 0),
            answered.get(name, 0) / everybody if everybody else 0.0,
            history.count("opened", name, phase.first, phase.end),
            history.held(name, settled),
        )
        for name in [*names, UNATTRIBUTED]
    ]
    if not (rows[-1].opened or rows[-1].held):
        rows.pop()
    return PhaseCounts(
        name=phase.name,
        start_seconds=history.seconds(phase.first),
        end_seconds=history.seconds(phase.end),
        rows=rows,
        failures=history.failures(phase.first, phase.end),
    )


def _excused(history: History, replacements: Sequence[Replacement], stop: int, over: int) -> int:
    gone = [one.ended_unix_seconds or one.stopped_unix_seconds for one in replacements if one.old]
    known = history.bucket(max(gone, default=0.0) + SERVICE_LAG_SECONDS) + 1
    late = history.failures(over, known)
    return (
        history.failed(0, over)
        - history.failed(0, stop, ended=True)
        + sum(sum(late.get(kind, {}).values()) for kind in UNREACHED)
    )


def _lost(
    history: History, replacements: Sequence[Replacement], stop: int, over: int
) -> tuple[dict[str, int], int]:
    """Count the requests that broke with the replicas that were stopped, and those that may have.

    Those of a stopped replica count from its own stop on, to its end; one that keeps its name has
    its end when it is back.
    """
    found: dict[str, int] = {}
    until = over
    for one in replacements:
        if one.old is None:
            continue
        ended = one.ready_unix_seconds if one.in_place else one.ended_unix_seconds
        begin = history.bucket(one.stopped_unix_seconds)
        end = over if ended is None else max(over, history.bucket(ended) + 1)
        until = max(until, end)
        broken = history.failures(begin, end, ended=True).get(LOST, {}).get(one.old, 0)
        if broken:
            found[one.old] = broken
    return found, history.failures(stop, until, ended=True).get(LOST, {}).get(UNATTRIBUTED, 0)


def _seconds_to_even(
    history: History, crew: Sequence[str], unit: Unit, stop: int, settled: int
) -> tuple[float | None, bool]:
    """Tell from when on every replica has `SHARE_OF_FAIR` of its share, for good; or: too few.

    A replica falls short in a look where chance would give one with that share so few less often
    than `LEVEL`; the more often one looks, and at the more replicas, the more often chance looks
    odd, so the level is shared among them. Looks overlap: each bucket ends one. The last one with
    enough to tell has to be at the end, where the load may fade out for less than a look.
    """
    least = needed(len(crew))
    step = 1 if unit is Unit.HELD else _look_buckets(history, crew, unit, stop, settled, least)
    looks = [
        (end, _looked_at(history, crew, unit, max(stop, end - step), end))
        for end in range(stop + 1, settled + 2)
    ]
    last = max((end for end, counts in looks if sum(counts) >= least), default=-1)
    if len(crew) < 2 or last < settled + 1 - step:
        return None, True
    share, level = SHARE_OF_FAIR / len(crew), LEVEL / (len(looks) * len(crew))
    short_until = stop
    for end, counts in looks:
        if end > last:
            break
        if at_most(min(counts), sum(counts), share) < level or not any(counts):
            short_until = end
    if short_until >= last:
        return None, False
    if short_until == stop and step > _finest(history):
        # Of looks so long nobody can say that all was even in each of their moments.
        return None, True
    return (short_until - stop) * history.bucket_seconds, False


def _looked_at(
    history: History, crew: Sequence[str], unit: Unit, first: int, end: int
) -> list[int]:
    if unit is Unit.HELD:
        return [history.held(name, end - 1) for name in crew]
    return [history.count(unit.series, name, first, end) for name in crew]


def _look_buckets(
    history: History, crew: Sequence[str], unit: Unit, stop: int, settled: int, least: int
) -> int:
    """Tell how many buckets make a look that has enough connections to tell."""
    span = settled + 1 - stop
    counted = sum(history.count(unit.series, name, stop, settled + 1) for name in crew)
    # Half as much again: the looks differ, and the last of them has to have enough.
    wanted = math.ceil(1.5 * least * span / max(1, counted))
    return min(max(_finest(history), wanted), span)


def _finest(history: History) -> int:
    """Tell how many buckets the shortest look has."""
    return max(1, round(LOOK_SECONDS / history.bucket_seconds))
