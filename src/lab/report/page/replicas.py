"""Each replica's part in what is judged, against what chance gives it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from long_lived.lab.analysis.spread import chance_bounds
from long_lived.lab.analysis.verdict import Verdict
from long_lived.lab.report.page.text import clean
from long_lived.lab.report.page.vega import Spec, axis, chart, values
from long_lived.record.replica_counts import ReplicaCounts
from long_lived.record.summary import Summary

MOST_BARS = 24
"""Replicas drawn one by one. Of more, those with most and with fewest are."""

BAR_HEIGHT = 20
MOST_LABEL = 30


@dataclass(frozen=True)
class ReplicaRow:
    """One replica in numbers; None where nobody knows, or it is not judged."""

    name: str
    role: str
    judged: int | None
    deviations: float | None
    outside: bool
    """Whether chance explains its count by itself."""
    answered: int
    opened: int
    still_open: int
    oldest_seconds: float | None
    overhead_p50_seconds: float | None
    overhead_p99_seconds: float | None
    served: int | None
    """Answers to this run, by its own count."""


@dataclass(frozen=True)
class Replicas:
    """All of them, and between which counts chance keeps each."""

    rows: list[ReplicaRow]
    low: int
    high: int


def replica_table(
    summary: Summary, verdict: Verdict, server_counts: Mapping[str, ReplicaCounts]
) -> Replicas:
    """Put together what is known of each replica, in the order of the report."""
    judged = verdict.judged
    counts = {} if judged is None else judged.spread.counts
    low, high = chance_bounds(sum(counts.values()), len(counts)) if counts else (0, 0)
    known = {} if verdict.accounts is None else {row.replica: row for row in verdict.accounts.rows}
    effect = verdict.effect
    earlier = [] if effect is None else [*effect.survivors, *effect.stopped, *effect.came]
    rows = []
    for name in dict.fromkeys([*counts, *earlier, *summary.pods, *server_counts]):
        pod, count = summary.pods.get(name), counts.get(name)
        rows.append(
            ReplicaRow(
                name=name,
                role=_role(name, verdict),
                judged=count,
                deviations=None
                if judged is None or count is None
                else judged.spread.deviations(name),
                outside=count is not None and not low <= count <= high,
                answered=pod.requests if pod else 0,
                opened=pod.connections_opened if pod else 0,
                still_open=pod.connections_open if pod else 0,
                oldest_seconds=pod.oldest_connection_seconds if pod else None,
                overhead_p50_seconds=pod.overhead_seconds.p50 if pod else None,
                overhead_p99_seconds=pod.overhead_seconds.p99 if pod else None,
                served=known[name].served if name in known else None,
            )
        )
    return Replicas(rows, low, high)


def _role(name: str, verdict: Verdict) -> str:
    effect = verdict.effect
    if effect is None:
        return ""
    if name in effect.came:
        return "restarted" if name in effect.stopped else "new"
    if name in effect.stopped:
        return "stopped"
    return "stayed" if name in effect.survivors else ""


def replica_plot(found: Replicas, unit: str) -> Spec | None:
    """Draw the count of each replica that is judged, on the band of chance; None without any."""
    counts = {
        f"{clean(row.name, MOST_LABEL)}{f' ({row.role})' if row.role else ''}": row.judged
        for row in found.rows
        if row.judged is not None
    }
    return counts_plot(counts, found.low, found.high, unit)


def counts_plot(counts: Mapping[str, int], low: int, high: int, unit: str) -> Spec | None:
    """Draw counts by name, on the band from `low` to `high` that chance gives; None without any."""
    if not counts:
        return None
    shown = list(counts.items())
    if len(shown) > MOST_BARS:
        shown.sort(key=lambda one: -one[1])
        shown = [*shown[: MOST_BARS // 2], *shown[-MOST_BARS // 2 :]]
    rows = [
        {
            "replica": name,
            "count": count,
            "outside": "within chance" if low <= count <= high else "outside chance",
            "low": low,
            "high": high,
        }
        for name, count in shown
    ]
    names = [row["replica"] for row in rows]
    replica = {
        "field": "replica",
        "type": "nominal",
        "sort": names,
        "axis": axis(None, labelLimit=220, minExtent=0),
    }
    tooltip = [
        {"field": "replica", "title": "replica"},
        {"field": "count", "type": "quantitative", "title": unit, "format": ",.0f"},
        {"field": "low", "type": "quantitative", "title": "chance: from", "format": ",.0f"},
        {"field": "high", "type": "quantitative", "title": "to", "format": ",.0f"},
    ]
    count = {"field": "count", "type": "quantitative"}
    tone = {
        "field": "outside",
        "type": "nominal",
        "scale": {
            "domain": ["within chance", "outside chance"],
            "range": ["var(--c0)", "var(--c5)"],
        },
        "legend": None,
    }
    return chart(
        data=values(rows),
        height=BAR_HEIGHT * len(rows),
        width="container",
        encoding={"y": replica, "tooltip": tooltip},
        layer=[
            {
                "mark": {"type": "bar", "height": 18, "color": "var(--band)", "opacity": 0.4},
                "encoding": {
                    "x": {
                        "field": "low",
                        "type": "quantitative",
                        "axis": axis(unit, format="~s", grid=True),
                        "scale": {"domainMin": 0},
                    },
                    "x2": {"field": "high"},
                },
            },
            {"mark": {"type": "bar", "height": 8}, "encoding": {"x": count, "color": tone}},
            {
                "mark": {"type": "tick", "height": 16, "thickness": 3},
                "encoding": {"x": count, "color": tone},
            },
            {
                "mark": {"type": "text", "align": "left", "dx": 6, "color": "var(--text)"},
                "encoding": {"x": count, "text": {"field": "count", "format": ","}},
            },
        ],
    )
