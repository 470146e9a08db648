"""One phase of a run in numbers, replica by replica."""

from collections.abc import Sequence
from dataclasses import dataclass

from long_lived.lab.analysis.events.phases import Phase, PhaseName
from long_lived.lab.analysis.history import History
from long_lived.record.timeline import UNATTRIBUTED


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


def counted(
    history: History, phase: Phase, crew: Sequence[str], replicas: Sequence[str]
) -> PhaseCounts:
    """Count what happened in a phase.

    Args:
        history: of the run.
        phase: which one.
        crew: the replicas that serve in it, those without any connection too.
        replicas: all of the run, in the order in which they are shown.
    """
    settled = settled_bucket(history, phase)
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


def settled_bucket(history: History, phase: Phase) -> int:
    """Tell the bucket at whose end a phase's connections are counted: under load, if ever."""
    return min(phase.end, history.load_end(phase.first)) - 1
