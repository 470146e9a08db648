"""The part of the report that shows a restart: a table for each phase, and a strip of time.

Pure: returns lines of at most 80 columns.
"""

from collections.abc import Sequence
from itertools import pairwise

from long_lived.lab.aftermath import Aftermath, PhaseCounts
from long_lived.lab.columns import COLUMNS, labelled, short, table
from long_lived.lab.history import History
from long_lived.lab.phases import PhaseName

NAME_WIDTH = 26
STRIP_WIDTH = COLUMNS - NAME_WIDTH - 2
BLOCKS = " ▁▂▃▄▅▆▇█"


def phase_tables(aftermath: Aftermath, history: History) -> list[str]:
    """Return the tables of all phases and the strip, each followed by an empty line."""
    lines: list[str] = []
    for phase in aftermath.phases:
        lines += [*_table(phase, aftermath), ""]
    lines += [*_strip(aftermath, history), ""]
    lost = aftermath.lost_in_flight
    later = aftermath.failed_during - lost
    lines += labelled(
        "restart",
        f"{lost:,} requests in flight on the stopped replicas were lost"
        + (f", {later:,} more failed while replicas were restarting" if later else ""),
    )
    return lines


def _table(phase: PhaseCounts, aftermath: Aftermath) -> list[str]:
    title = f"{phase.name}, {phase.start_seconds:.1f} to {phase.end_seconds:.1f} s"
    judged = "held by chance" if aftermath.kept else "opened by chance"
    heading = [title, f"{'answered':>9}", f"{'share':>6}", f"{'opened':>7}", f"{'held':>6}"]
    rows = [[*heading, judged if phase.spread else ""]]
    for row in phase.rows:
        expected = ""
        if phase.spread and row.replica in phase.spread.counts:
            spread = phase.spread
            expected = f"{spread.expected:,.0f} ± {spread.standard_deviation:.0f}"
        rows.append(
            [
                f"{row.replica}{_role(row.replica, phase.name, aftermath)}",
                f"{row.answered:,}",
                f"{row.answered_ratio:.1%}",
                f"{row.opened:,}",
                f"{row.held:,}",
                expected,
            ]
        )
    lines = table(rows, NAME_WIDTH)
    if phase.failed_by_kind:
        lines += labelled("failed", "; ".join(_failures(phase)))
    return lines


def _failures(phase: PhaseCounts) -> list[str]:
    """Say how many requests failed of each kind, and on which replicas as far as known."""
    parts = []
    for kind, count in phase.failed_by_kind.items():
        known = {row.replica: row.failed_by_kind.get(kind, 0) for row in phase.rows}
        on = [f"{some:,} on {name}" for name, some in known.items() if some]
        parts.append(f"{count:,} {kind}" + (f", of these {', '.join(on)}" if on else ""))
    return parts


def _role(replica: str, name: PhaseName, aftermath: Aftermath) -> str:
    if name is PhaseName.BEFORE:
        return ""
    if replica in aftermath.replacements:
        return " (new)"
    return " (stopped)" if replica in aftermath.replaced else ""


def _strip(aftermath: Aftermath, history: History) -> list[str]:
    """Draw the answers of each replica over time, all to one scale."""
    cells = min(STRIP_WIDTH, history.buckets)
    if not cells:
        return []
    edges = [history.buckets * index // cells for index in range(cells + 1)]
    order = [*aftermath.survivors, *aftermath.replaced, *aftermath.replacements]
    rates = {
        name: [
            history.count("answered", name, first, end) / (end - first)
            for first, end in pairwise(edges)
        ]
        for name in order
    }
    most = max((max(row) for row in rates.values()), default=0.0)
    marks = _marks(aftermath, history, edges)
    heading = f"answers, 0 to {history.seconds(history.buckets):.0f} s"
    lines = [f"{heading:<{NAME_WIDTH}}  {marks}".rstrip()]
    for name in order:
        drawn = "".join(BLOCKS[_height(rate, most)] for rate in rates[name])
        lines.append(f"{short(name, NAME_WIDTH):<{NAME_WIDTH}}  {drawn}".rstrip())
    return lines


def _height(rate: float, most: float) -> int:
    """Scale to the blocks; what is not nothing is seen."""
    return 0 if not rate else max(1, round(rate / most * (len(BLOCKS) - 1)))


def _marks(aftermath: Aftermath, history: History, edges: Sequence[int]) -> str:
    """Mark when the first replica was stopped and when the last replacement was ready."""
    marks = [" "] * (len(edges) - 1)
    for phase, sign in ((PhaseName.DURING, "↓"), (PhaseName.AFTER, "↑")):
        counts = aftermath.phase(phase)
        if counts is None:
            continue
        for index, first in enumerate(edges[1:]):
            if history.seconds(first) > counts.start_seconds:
                marks[index] = sign
                break
    return "".join(marks)
