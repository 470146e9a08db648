"""An inspection in 80 columns, and as JSON. Pure."""

from typing import Any

from long_lived.lab.analysis.evidence import p_value
from long_lived.lab.analysis.live.inspection import Inspection
from long_lived.lab.analysis.live.words import ago, cause, remedy, sentence, since
from long_lived.lab.report.columns import labelled, table

FORMAT = 1
"""Version of the JSON's layout."""

MOST_ROWS = 40
"""Holders shown one by one. Of more, those with most and with fewest are."""

MOST_CLIENTS = 5
NAME_WIDTH = 30


def beside(found: Inspection, target: str, now_unix_seconds: float) -> list[str]:
    """Return what looks during a run add to its report, which has the verdict."""
    shown = [f"{target}, two looks {found.seconds:g} s apart", "", *_rows(found, now_unix_seconds)]
    shown += ["", *_clients(found), *_notes(found), *_why(found)]
    return shown


def lines(found: Inspection, target: str, now_unix_seconds: float) -> list[str]:
    """Return the report of an inspection of `target`."""
    shown = [*_rows(found, now_unix_seconds), ""]
    shown += _clients(found)
    shown += _notes(found)
    shown += labelled("verdict", sentence(found, now_unix_seconds))
    shown += _why(found)
    return [f"{target}, two looks {found.seconds:g} s apart", "", *shown]


def as_dict(found: Inspection, target: str, now_unix_seconds: float) -> dict[str, Any]:
    """Return the JSON object."""
    spread = found.spread
    return {
        "format": FORMAT,
        "target": target,
        "looked_at": since(now_unix_seconds),
        "seconds_between": found.seconds,
        "finding": str(found.finding),
        "verdict": sentence(found, now_unix_seconds),
        "cause": cause(found),
        "remedy": remedy(found),
        "p_value": None if spread is None else spread.p_value,
        "noticeable_shortfall": None if spread is None else spread.noticeable,
        "kept_ratio": found.kept_ratio,
        "holders": [
            {
                "name": one.holder.name,
                "started": since(one.holder.started_unix_seconds),
                "restarts": one.holder.restarts,
                "connections": None if one.obstacle else len(one.peers),
                "share_of_fair": _share(found, one.holder.name),
                "kept": one.kept,
                "opened": one.opened,
                "closed": one.closed,
                "obstacle": one.obstacle or None,
            }
            for one in found.rows
        ],
        "clients": [{"name": name, "connections": count} for name, count in found.clients.items()],
        "problems": list(found.problems),
    }


def _notes(found: Inspection) -> list[str]:
    return [line for problem in found.problems for line in labelled("note", problem)]


def _why(found: Inspection) -> list[str]:
    shown = []
    for label, text in (("cause", cause(found)), ("remedy", remedy(found))):
        if text:
            shown += labelled(label, text)
    if found.spread is not None:
        shown += labelled("evidence", _evidence(found))
    return shown


def _rows(found: Inspection, now: float) -> list[str]:
    heading = ("", "started", "restarts", "connections", "of fair", "by chance", "kept", "new/s")
    rows: list[tuple[str, ...]] = []
    for one in found.rows:
        name, started = one.holder.name, ago(now - one.holder.started_unix_seconds)
        if one.obstacle or found.spread is None:
            rows.append((name, f"{started} ago", f"{one.holder.restarts}", "?", "", "", "", ""))
            continue
        share, spread = _share(found, name), found.spread
        rows.append(
            (
                name,
                f"{started} ago",
                f"{one.holder.restarts}",
                f"{len(one.peers):,}",
                "–" if share is None else f"{share:.0%}",
                f"{spread.expected:,.0f} ± {spread.standard_deviation:.0f}",
                f"{one.kept:,}",
                f"{one.opened / found.seconds:.1f}",
            )
        )
    left_out = max(0, len(rows) - MOST_ROWS)
    if left_out:
        half = MOST_ROWS // 2
        rows = [*rows[:half], (f"… {left_out} more …", *[""] * 7), *rows[-half:]]
    shown = table([heading, *rows], NAME_WIDTH)
    for one in found.rows:
        if one.obstacle:
            shown += labelled("not asked", f"{one.holder.name}: {one.obstacle}")
    return shown


def _share(found: Inspection, name: str) -> float | None:
    spread = found.spread
    if spread is None or not spread.total or name not in spread.counts:
        return None
    return spread.counts[name] / spread.expected


def _clients(found: Inspection) -> list[str]:
    total = sum(found.clients.values())
    top = list(found.clients.items())[:MOST_CLIENTS]
    shown = [f"{name} {count:,} ({count / total:.0%})" for name, count in top]
    more = len(found.clients) - len(top)
    return labelled("clients", ", ".join([*shown, *([f"{more} more"] if more else [])]) or "none")


def _evidence(found: Inspection) -> str:
    spread = found.spread
    assert spread is not None
    parts = [f"{spread.total:,} connections held"]
    if len(spread.counts) > 1:
        parts.append(p_value(spread))
    if found.kept_ratio is not None:
        parts.append(f"{found.kept_ratio:.0%} of those of the first look lasted")
    least = spread.noticeable
    parts.append(
        "not even an idle one would surely have been noticed"
        if least is None
        else f"noticed 9 times in 10: one that is {least:.0%} below its share"
    )
    return "; ".join(parts)
