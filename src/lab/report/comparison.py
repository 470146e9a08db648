"""Several runs side by side: the table of the seed's last section, from measurements. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from long_lived.lab.analysis.events.effect import Effect
from long_lived.lab.analysis.events.phase_counts import PhaseCounts
from long_lived.lab.analysis.events.phases import PhaseName
from long_lived.lab.analysis.verdict import Verdict
from long_lived.record.summary import Summary
from long_lived.server.runtimes import RUNTIMES
from long_lived.settings import Settings

COLUMNS = ("server", "closes", "before", "after", "even again", "lost", "verdict")
LEGEND = (
    "server      runtime or gunicorn's worker class; * is this project's repaired one",
    "closes      share of the answers that said Connection: close",
    "before      each replica's share of the answers before the event, in %",
    "after       the same after it: those left alone first, then the new ones",
    "even again  from the event until every replica had 90 % of its share, for good",
    "lost        requests whose connection broke with the replicas that were stopped",
)

SHARES_WIDTH = 11
"""What 80 columns leave for the shares of a phase: those of four replicas. Of more replicas the
largest and the smallest share are shown."""


@dataclass(frozen=True)
class Compared:
    """One of the runs."""

    settings: Settings
    summary: Summary | None
    verdict: Verdict


def table(runs: Sequence[Compared]) -> list[str]:
    """Put the runs side by side, with a legend; lines of at most 80 columns."""
    rows = [COLUMNS, *(_row(run) for run in runs)]
    widths = [max(len(row[index]) for row in rows) for index in range(len(COLUMNS))]
    lines = [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return [*lines, "", *LEGEND]


def _row(run: Compared) -> tuple[str, ...]:
    after, server = run.verdict.effect, run.settings.server
    name = RUNTIMES[server.runtime].worker_class(server) or server.runtime
    closes = run.summary and run.summary.connections.close_announced_ratio
    finding = run.verdict.finding if run.verdict.passed else f"{run.verdict.finding} (!)"
    return (
        name.replace("-repaired", "*"),
        "–" if closes is None else f"{closes:.0%}",
        _shares(after, PhaseName.BEFORE),
        _shares(after, PhaseName.AFTER),
        "–" if after is None else _even_again(after),
        "–" if after is None else f"{after.lost:,}",
        finding,
    )


def _even_again(after: Effect) -> str:
    if after.too_few_to_tell:
        return "too few"
    return "never" if after.seconds_to_even is None else f"{after.seconds_to_even:.1f} s"


def _shares(after: Effect | None, name: PhaseName) -> str:
    phase: PhaseCounts | None = after.phase(name) if after else None
    if after is None or phase is None:
        return "–"
    there = after.crew if name is PhaseName.AFTER else [row.replica for row in phase.rows]
    shares = [
        100 * row.answered_ratio for row in phase.rows if row.replica and row.replica in there
    ]
    text = " ".join(f"{share:.0f}" for share in shares)
    return text if len(text) <= SHARES_WIDTH else f"{max(shares):.0f} … {min(shares):.0f}"
