"""What the events of a run did: the phases in numbers, and where the connections are afterwards."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from long_lived.lab.analysis.events.change import Change
from long_lived.lab.analysis.events.even_again import seconds_to_even
from long_lived.lab.analysis.events.kind import Kind, kind_of
from long_lived.lab.analysis.events.losses import excused, lost
from long_lived.lab.analysis.events.phase_counts import PhaseCounts, counted, settled_bucket
from long_lived.lab.analysis.events.phases import PhaseName, phases
from long_lived.lab.analysis.events.service_lag import ServiceLag, service_lags
from long_lived.lab.analysis.history import History
from long_lived.lab.analysis.judged import Unit


@dataclass(frozen=True)
class Effect:
    """What the events of a run did."""

    kind: Kind
    survivors: list[str]
    stopped: list[str]
    came: list[str]
    """New replicas that serve afterwards, in the order in which they were ready."""
    phases: list[PhaseCounts]
    end_bucket: int
    """The bucket before which the last event was over; `buckets` where it was not."""
    finished: bool
    """Whether every change was over, and there is a phase after."""
    orphaned: int | None
    """Connections that the stopped replicas had when the event began; None where that is only
    inferred."""
    inherited: int | None
    """Those of them that were reopened on survivors; None in the same case."""
    moved: int | None
    """Connections that left the survivors afterwards; None in the same case."""
    seconds_to_even: float | None
    """From the beginning until every replica had its share for good; None: never in this run, or
    too few connections to tell."""
    too_few_to_tell: bool
    """Whether a look at the connections could not have noticed a replica with half its share."""
    lost_by_replica: dict[str, int]
    """Requests in flight on the replicas that were stopped, whose connection broke."""
    lost_unattributed: int
    """Requests whose connection broke in that time and whose replica nobody knows."""
    excused: int
    """Failed requests that the events explain: sent while they lasted, or in flight before, or sent
    to a replica that was gone, until the Service must have known."""
    service_lags: tuple[ServiceLag, ...]
    """Of the new replicas that got any connection."""

    @property
    def lost(self) -> int:
        """Requests that may have been lost with a stopped replica."""
        return sum(self.lost_by_replica.values()) + self.lost_unattributed

    @property
    def crew(self) -> list[str]:
        """The replicas that serve afterwards."""
        return list(dict.fromkeys([*self.survivors, *self.came]))

    @property
    def everyone(self) -> list[str]:
        """All replicas that served, in the order of the report."""
        return list(dict.fromkeys([*self.survivors, *self.stopped, *self.came]))

    @property
    def during(self) -> tuple[float, float]:
        """From when to when the events lasted, in seconds since the clock started."""
        found = self.phase(PhaseName.DURING)
        if found is not None:
            return found.start_seconds, found.end_seconds
        # All of it was over within no bucket, or before the first.
        end = self.phases[0].end_seconds if self.phases else 0.0
        return end, end

    def phase(self, name: PhaseName) -> PhaseCounts | None:
        """Return the counts of a phase; None where the run did not reach it."""
        return next((phase for phase in self.phases if phase.name == name), None)


def effect(
    history: History,
    replicas: Sequence[str],
    changes: Sequence[Change],
    unit: Unit,
    uncertainty_seconds: float,
) -> Effect | None:
    """Work out what the events of a run did; None where there was none.

    Args:
        history: of the run.
        replicas: names of all replicas, those without any connection too.
        changes: what was stopped, and what came.
        unit: what is judged.
        uncertainty_seconds: how far the clients' clocks may be off.
    """
    divided = phases(history, changes, uncertainty_seconds)
    if not divided:
        return None
    back = {one.new for one in changes if one.in_place}
    stopped = _unique(one.old for one in changes)
    new = _unique(one.new for one in sorted(changes, key=_ready))
    first = [name for name in replicas if name not in new or name in back]
    survivors = [name for name in first if name not in stopped]
    last = _unique([*survivors, *(name for name in new if name not in stopped or name in back)])
    crew = {PhaseName.BEFORE: first, PhaseName.DURING: [*first, *new], PhaseName.AFTER: last}
    counts = [counted(history, phase, crew[phase.name], replicas) for phase in divided]
    after = next((phase for phase in divided if phase.name is PhaseName.AFTER), None)
    during = next((phase for phase in divided if phase.name is PhaseName.DURING), None)
    begin = next((p.first for p in divided if p.name is not PhaseName.BEFORE), history.buckets)
    over = during.end if during else begin
    settled = settled_bucket(history, after) if after else history.buckets
    orphaned = inherited = moved = None
    if not any(one.inferred for one in changes):
        orphaned = sum(history.held(name, begin - 1) for name in stopped)
        grown = sum(
            history.held(name, settled) - history.held(name, begin - 1) for name in survivors
        )
        inherited = max(0, min(orphaned, grown))
        moved = (
            sum(history.count("closed", name, after.first, settled + 1) for name in survivors)
            if after
            else 0
        )
    lost_by_replica, lost_unattributed = lost(history, changes, begin, over)
    seconds, too_few = (
        seconds_to_even(history, last, unit, begin, settled) if after else (None, False)
    )
    return Effect(
        kind=kind_of(changes, first),
        survivors=survivors,
        stopped=stopped,
        came=[name for name in new if name in last],
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
        excused=excused(history, changes, begin, over),
        service_lags=service_lags(history, changes, len(last)),
    )


def _ready(one: Change) -> float:
    """Sort key: those that are not ready yet come last."""
    return math.inf if one.ready_unix_seconds is None else one.ready_unix_seconds


def _unique(names: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(name for name in names if name))
