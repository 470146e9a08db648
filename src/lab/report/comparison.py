"""Remedies side by side: what each gives and costs, and what follows from the numbers. Pure."""

from collections.abc import Mapping

from long_lived.lab.analysis.trade import Trade
from long_lived.lab.report.columns import COLUMNS as WIDTH
from long_lived.lab.report.columns import labelled, short

COLUMNS = ("remedy", "verdict", "share", "even", "new/s", "lost", "added ms", "CPU ms")
LEGEND = (
    "share     answers of the replica with fewest, as a part of its fair share,",
    "          in the last half of the load after the event",
    "even      from the event until every replica had 90 % of its share, for good",
    "new/s     connections opened per second, in the same half",
    "lost      requests whose connection broke with a replica that was stopped",
    "added ms  p50 / p99 of the time to an answer beyond the server's delay",
    "CPU ms    per answered request: client / server (and proxy)",
    "order     even first, then fewest lost, then least CPU; ! was not expected",
)

MOST_ADVICE = 3
SHORTEST_NAME = 8
"""What a name keeps where the other columns need the room."""

BASELINE = "none"
"""The remedy that is none: what the others are compared with."""

NOTHING = "–"
GAP = 2


def table(rows: Mapping[str, Trade], skipped: Mapping[str, str]) -> list[str]:
    """Put remedies side by side, best trade first; lines of at most 80 columns.

    Args:
        rows: by remedy.
        skipped: why some have no row, by remedy.
    """
    cells = [COLUMNS, *(row_of(name, rows[name]) for name in ranked(rows))]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    spare = WIDTH - sum(widths[1:]) - GAP * (len(widths) - 1)
    widths[0] = min(widths[0], max(spare, SHORTEST_NAME))
    lines = [
        (" " * GAP)
        .join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        .rstrip()
        for row in [(short(name, widths[0]), *others) for name, *others in cells]
    ]
    for name, why in skipped.items():
        lines += labelled("skipped", f"{name}: {why.strip()}")
    runs = max((len(row.findings) for row in rows.values()), default=1)
    medians = [f"Medians of {runs} runs; a verdict with a number is that of so many."]
    return [*lines, "", *(medians if runs > 1 else []), *LEGEND]


def ranked(rows: Mapping[str, Trade]) -> list[str]:
    """Order remedies, best trade first: even, then fewest lost, then least CPU per request."""
    infinite = float("inf")

    def rank(name: str) -> tuple[bool, float, float]:
        row = rows[name]
        lost = infinite if row.lost is None else row.lost
        return row.finding != "even", lost, row.cpu_seconds or infinite

    return sorted(rows, key=rank)


def advice(rows: Mapping[str, Trade]) -> list[str]:
    """Return the lines of `advised`."""
    labels = ["advice", *[""] * MOST_ADVICE]
    return [
        line
        for label, text in zip(labels, advised(rows), strict=False)
        for line in labelled(label, text)
    ]


def advised(rows: Mapping[str, Trade]) -> list[str]:
    """Say in at most three sentences what the numbers say of these runs, and no more."""
    order = ranked(rows)
    healed = [name for name in order if _healed(rows[name])]
    told: list[str] = []
    if not healed:
        return [f"none of the {len(rows)} was even in the end"] if rows else []
    best = rows[healed[0]]
    told.append(f"{healed[0]}: {_gives(best)}{_price(best, rows.get(BASELINE))}")
    quickest = min(healed, key=lambda name: rows[name].added_p99_seconds or float("inf"))
    if quickest != healed[0] and rows[quickest].added_p99_seconds is not None:
        told.append(
            f"{quickest}: adds least of those that are even, p99 "
            f"{_milliseconds(rows[quickest].added_p99_seconds)} ms against "
            f"{_milliseconds(best.added_p99_seconds)} ms"
        )
    left = [name for name in order if rows[name].finding in ("pinned", "uneven")]
    if left:
        told.append(f"not even in the end: {', '.join(left)}")
    return told


def _healed(row: Trade) -> bool:
    return row.finding == "even" and row.agreed == len(row.findings)


def _gives(row: Trade) -> str:
    when = "" if row.seconds_to_even is None else f" {row.seconds_to_even:.1f} s after the event"
    lost = "" if row.lost is None else f", {row.lost:,.0f} lost"
    return f"even{when}{lost}"


def _price(row: Trade, nothing: Trade | None) -> str:
    """Say what a remedy costs, against none where that was measured."""
    if row.opened_per_second is None:
        return ""
    price = f", at {row.opened_per_second:,.0f} new connections per second"
    if row.cpu_seconds is None:
        return price
    price += f" and {_milliseconds(row.cpu_seconds)} ms of CPU a request"
    if nothing is None or nothing is row or nothing.cpu_seconds is None:
        return price
    return f"{price} ({_milliseconds(nothing.cpu_seconds)} without a remedy)"


def row_of(name: str, row: Trade) -> tuple[str, ...]:
    """Return the cells of a remedy, one for each of `COLUMNS`."""
    runs = len(row.findings)
    verdict = row.finding if row.agreed == runs else f"{row.finding} {row.agreed}/{runs}"
    never = "never" if row.even_known else NOTHING
    return (
        name,
        verdict if row.passed else f"{verdict} !",
        NOTHING if row.share is None else f"{row.share:.0%}",
        never if row.seconds_to_even is None else f"{row.seconds_to_even:.1f} s",
        NOTHING if row.opened_per_second is None else f"{row.opened_per_second:,.0f}",
        NOTHING if row.lost is None else f"{row.lost:,.0f}",
        f"{_milliseconds(row.added_p50_seconds)}/{_milliseconds(row.added_p99_seconds)}",
        f"{_milliseconds(row.client_cpu_seconds)}/{_milliseconds(row.server_cpu_seconds)}",
    )


def _milliseconds(seconds: float | None) -> str:
    if seconds is None:
        return NOTHING
    milliseconds = 1000 * seconds
    return f"{milliseconds:.1f}" if milliseconds < 10 else f"{milliseconds:,.0f}"
