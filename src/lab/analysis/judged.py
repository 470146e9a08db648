"""What is judged: which counts, of which stretch of time.

Three units, chosen by what happened and not by the settings:

- Connections held at the end of the load, where connections outlive requests. Each was balanced
  once, when it was opened, and stays where it is. (Those opened after an event are spread by chance
  in any case, and say nothing of the others.)
- Connections opened, where every request has its own. Who holds how many at one moment then only
  tells how busy a replica is.
- Requests, where one connection was answered by several replicas: something in between balances
  each request, and the client's connections do not say where it went.

Opened and answered are counted over the whole load, or after an event in its last window: as long
as it takes to notice a replica that is `experiment.evenWithin` off, and never more than half of the
time since the event, whose effects outlast it by seconds. (A Service reaches a pod a second
or more after the pod is ready; until then the others get what is opened.)
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from long_lived.lab.analysis.history import History
from long_lived.lab.analysis.power import needed
from long_lived.lab.analysis.spread import Spread, spread
from long_lived.record.timeline import UNATTRIBUTED, Series


class Unit(StrEnum):
    """What is counted."""

    HELD = "connections held"
    OPENED = "connections opened"
    ANSWERED = "requests answered"

    @property
    def series(self) -> Series:
        """Name of its series in the timeline; of what is held, those opened."""
        return "answered" if self is Unit.ANSWERED else "opened"


@dataclass(frozen=True)
class Judged:
    """The counts that a verdict is about."""

    unit: Unit
    start_seconds: float
    end_seconds: float
    """The window, in seconds since the clock started; for what is held its end is the moment."""
    spread: Spread
    unattributed: int
    """Connections of the same window whose replica nobody knows."""


def unit_of(history: History, *, proxied: bool) -> Unit:
    """Choose the unit; `proxied` says that something in between balances requests."""
    if proxied:
        return Unit.ANSWERED
    return Unit.HELD if history.kept() else Unit.OPENED


def judged(
    history: History, unit: Unit, crew: Sequence[str], event_end: int | None, even_within: float
) -> Judged:
    """Count what is judged.

    Args:
        history: of the run.
        unit: what is counted.
        crew: the replicas that serve at the end, those without anything, too.
        event_end: the bucket before which the last event was over; None where there was none.
        even_within: the deviation, as a ratio of the fair share, that would matter.
    """
    end = history.load_end(event_end or 0)
    if unit is Unit.HELD:
        last = end - 1
        counts = {name: history.held(name, last) for name in crew}
        unknown = history.held(UNATTRIBUTED, last)
        first, end = last, last + 1
    else:
        first = 0 if event_end is None else _window(history, unit, crew, event_end, even_within)
        end = history.buckets if event_end is None else end
        counts = {name: history.count(unit.series, name, first, end) for name in crew}
        unknown = history.count(unit.series, UNATTRIBUTED, first, end)
    return Judged(unit, history.seconds(first), history.seconds(end), spread(counts), unknown)


def _window(
    history: History, unit: Unit, crew: Sequence[str], event_end: int, even_within: float
) -> int:
    """Return the bucket at which the last window begins."""
    end = history.load_end(event_end)
    earliest = math.ceil((event_end + end) / 2)
    enough = needed(len(crew), even_within) if even_within else math.inf
    first, counted = end, 0
    while first > earliest and counted < enough:
        first -= 1
        counted += sum(history.count(unit.series, name, first, first + 1) for name in crew)
    return min(first, end - 1)
