"""The part of the report that shows events: a table for each phase, and a strip of time.

Pure: returns lines of at most 80 columns.
"""

from collections.abc import Sequence
from itertools import pairwise

from long_lived.lab.analysis.events.effect import Effect
from long_lived.lab.analysis.events.phase_counts import PhaseCounts
from long_lived.lab.analysis.events.phases import PhaseName
from long_lived.lab.analysis.history import History
from long_lived.lab.report.columns import COLUMNS, labelled, short, table
from long_lived.record.timeline import UNATTRIBUTED

NAME_WIDTH = 26
STRIP_WIDTH = COLUMNS - NAME_WIDTH - 2
BLOCKS = " ▁▂▃▄▅▆▇█"


def phase_tables(effect: Effect, history: History) -> list[str]:
    """Return the tables of all phases and the strip, each followed by an empty line."""
    lines: list[str] = []
    for phase in effect.phases:
        lines += [*_table(phase, effect), ""]
    lines += [*strip(effect.everyone, history, effect), ""]
    lines += labelled("event", _losses(effect))
    if effect.service_lags:
        lines += labelled("service lag", _lags(effect))
    return lines


def _lags(effect: Effect) -> str:
    """Say how long after they were ready new replicas got their first connections."""
    times = ", ".join(
        f"{'' if one.told else 'at most '}{one.seconds:.1f} s {one.replica}"
        for one in effect.service_lags
    )
    return f"{times}: from ready to the first connection"


def _losses(effect: Effect) -> str:
    """Say how many requests were lost, and on which replicas."""
    if not effect.stopped:
        return f"no replica was stopped; {effect.excused:,} requests sent during it failed"
    known = sum(effect.lost_by_replica.values())
    on = ", ".join(f"{count:,} on {name}" for name, count in effect.lost_by_replica.items())
    parts = [
        f"{known:,} requests in flight on the stopped replicas were lost{f' ({on})' if on else ''}"
    ]
    if effect.lost_unattributed:
        parts.append(
            f"{effect.lost_unattributed:,} unattributed ones broke in that time, each the first on "
            "its connection"
        )
    if (others := effect.excused - effect.lost) > 0:
        parts.append(f"{others:,} more, sent before or during it, failed")
    return ", ".join(parts)


def _table(phase: PhaseCounts, effect: Effect) -> list[str]:
    title = f"{phase.name}, {phase.start_seconds:.1f} to {phase.end_seconds:.1f} s"
    rows = [[title, f"{'answered':>9}", f"{'share':>6}", f"{'opened':>7}", f"{'held':>6}"]]
    for row in phase.rows:
        nameless = row.replica == UNATTRIBUTED
        rows.append(
            [
                "unattributed" if nameless else f"{row.replica}{_role(row.replica, phase, effect)}",
                "" if nameless else f"{row.answered:,}",
                "" if nameless else f"{row.answered_ratio:.1%}",
                f"{row.opened:,}",
                f"{row.held:,}",
            ]
        )
    lines = table(rows, NAME_WIDTH)
    if phase.failures:
        lines += labelled("failed", "; ".join(_failures(phase)))
    return lines


def _failures(phase: PhaseCounts) -> list[str]:
    """Say how many requests failed of each kind, and on which replicas as far as known."""
    parts = []
    for kind, by_replica in phase.failures.items():
        on = [
            f"{count:,} {f'on {name}' if name else 'unattributed'}"
            for name, count in sorted(by_replica.items(), key=lambda item: (not item[0], item))
        ]
        total = f"{sum(by_replica.values()):,} {kind}"
        only_nameless = list(by_replica) == [UNATTRIBUTED]
        parts.append(total if only_nameless else f"{total}, of these {', '.join(on)}")
    return parts


def _role(replica: str, phase: PhaseCounts, effect: Effect) -> str:
    if phase.name is PhaseName.BEFORE:
        return ""
    if replica in effect.came:
        return " (back)" if replica in effect.stopped else " (new)"
    return " (stopped)" if replica in effect.stopped else ""


def strip(order: Sequence[str], history: History, effect: Effect | None = None) -> list[str]:
    """Draw the answers of each replica over time, all to one scale, and mark the events."""
    cells = min(STRIP_WIDTH, history.buckets)
    if not cells:
        return []
    edges = [history.buckets * index // cells for index in range(cells + 1)]
    rates = {
        name: [
            history.count("answered", name, first, end) / (end - first)
            for first, end in pairwise(edges)
        ]
        for name in order
    }
    most = max((max(row) for row in rates.values()), default=0.0)
    marks = "" if effect is None else _marks(effect, history, edges)
    heading = f"answers, 0 to {history.seconds(history.buckets):.0f} s"
    lines = [f"{heading:<{NAME_WIDTH}}  {marks}".rstrip()]
    for name in order:
        drawn = "".join(BLOCKS[_height(rate, most)] for rate in rates[name])
        lines.append(f"{short(name, NAME_WIDTH):<{NAME_WIDTH}}  {drawn}".rstrip())
    return lines


def _height(rate: float, most: float) -> int:
    """Scale to the blocks; anything above 0 shows."""
    return 0 if not rate else max(1, round(rate / most * (len(BLOCKS) - 1)))


def _marks(effect: Effect, history: History, edges: Sequence[int]) -> str:
    """Mark when the event began and when it was over."""
    marks = [" "] * (len(edges) - 1)
    for phase, sign in ((PhaseName.DURING, "↓"), (PhaseName.AFTER, "↑")):
        counts = effect.phase(phase)
        if counts is None:
            continue
        for index, first in enumerate(edges[1:]):
            if history.seconds(first) > counts.start_seconds:
                marks[index] = sign
                break
    return "".join(marks)
