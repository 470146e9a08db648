"""Several runs side by side: the table of the seed's last section, from measurements. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from long_lived.lab.aftermath import Aftermath, PhaseCounts
from long_lived.lab.phases import PhaseName
from long_lived.lab.verdict import Verdict
from long_lived.settings import Settings

COLUMNS = ("server", "closes", "before", "after", "even again", "lost", "verdict")
LEGEND = (
    "server      runtime or gunicorn's worker class; * is this project's repaired one",
    "closes      share of the answers that said Connection: close",
    "before      share of the answers of each replica before the restart, in %",
    "after       likewise after it: those left alone first, then the new ones",
    "even again  from the stop until the connections were within chance for good",
    "lost        requests in flight on the replicas that were stopped",
)

SHARES_WIDTH = 11
"""What 80 columns leave for the shares of a phase: those of four replicas. Of more replicas the
largest and the smallest share are shown."""


@dataclass(frozen=True)
class Compared:
    """One of the runs."""

    settings: Settings
    summary: dict[str, Any] | None
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
    after, server = run.verdict.aftermath, run.settings.server
    name: str = server.runtime
    if name == "gunicorn":
        name = server.gunicorn.worker_class.replace("-repaired", "*")
    closes = run.summary and run.summary["connections"]["close_announced_ratio"]
    finding = run.verdict.finding if run.verdict.passed else f"{run.verdict.finding} (!)"
    return (
        name,
        "–" if closes is None else f"{closes:.0%}",
        _shares(after, PhaseName.BEFORE),
        _shares(after, PhaseName.AFTER),
        "–" if after is None else _seconds(after.seconds_to_even),
        "–" if after is None else f"{after.lost_in_flight:,}",
        finding,
    )


def _seconds(value: float | None) -> str:
    return "never" if value is None else f"{value:.1f} s"


def _shares(after: Aftermath | None, name: PhaseName) -> str:
    phase: PhaseCounts | None = after.phase(name) if after else None
    if after is None or phase is None:
        return "–"
    gone = after.replaced if name is PhaseName.AFTER else []
    shares = [100 * row.answered_ratio for row in phase.rows if row.replica not in gone]
    text = " ".join(f"{share:.0f}" for share in shares)
    return text if len(text) <= SHARES_WIDTH else f"{max(shares):.0f} … {min(shares):.0f}"
