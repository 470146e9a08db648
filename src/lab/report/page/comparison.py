"""The page of a comparison: remedies in one table, in one plot, and each over time. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from long_lived.lab.analysis.trade import Trade
from long_lived.lab.analysis.verdict import Verdict, history_of
from long_lived.lab.report.comparison import COLUMNS, LEGEND, advised, ranked, row_of
from long_lived.lab.report.origin import Origin
from long_lived.lab.report.page.page import Page
from long_lived.lab.report.page.timeline import Timeline, in_order, timeline
from long_lived.lab.report.page.timeline_plot import small_plot
from long_lived.lab.report.page.vega import Spec, axis, chart, values
from long_lived.record.summary import Summary

POINTS = 60
"""Points of time in the small plots."""

HEIGHT = 260
NEVER, END = 1.1, 1.6
"""Where those that were never even stand, beside each other, in parts of the longest time."""


@dataclass(frozen=True)
class Multiple:
    """One remedy over time."""

    name: str
    number: int
    trade: Trade
    over_time: Timeline


def comparison_page(
    rows: Mapping[str, Trade],
    skipped: Mapping[str, str],
    runs: Mapping[str, tuple[Summary, Verdict]],
    *,
    origin: Origin | None = None,
    name: str = "",
) -> Page:
    """Put together the page of a comparison.

    Args:
        rows: by remedy.
        skipped: why some have no row, by remedy.
        runs: one of each remedy, as far as they are kept.
        origin: where it comes from.
        name: of its folder.
    """
    order = ranked(rows)
    multiples = [
        Multiple(one, number, rows[one], _over_time(*runs[one]))
        for number, one in enumerate(order, 1)
        if one in runs
    ]
    end = max((one.over_time.end for one in multiples), default=0.0)
    most = max((one.over_time.most_answered for one in multiples), default=0.0)
    plots = {f"run{one.number}": small_plot(one.over_time, end, most) for one in multiples}
    if drawn := _cost_plot(rows, order):
        plots["cost"] = drawn
    shown = {
        "name": name,
        "origin": origin or Origin(),
        "columns": COLUMNS,
        "legend": _legend(),
        "cells": [row_of(one, rows[one]) for one in order],
        "even": [rows[one].finding == "even" for one in order],
        "advised": advised(rows),
        "skipped": skipped,
        "multiples": multiples,
        "runs_each": max((len(row.findings) for row in rows.values()), default=0),
        "told": next((summary.settings for summary, _ in runs.values()), None),
    }
    return Page("comparison.html", f"{len(rows)} remedies compared – long-lived", shown, plots)


def _over_time(summary: Summary, verdict: Verdict) -> Timeline:
    names = in_order(verdict, sorted(summary.pods))
    return timeline(history_of(summary), names, verdict, POINTS)


def _legend() -> list[tuple[str, str]]:
    """Return the words of the table's columns, each with its meaning."""
    found: list[tuple[str, str]] = []
    for line in LEGEND:
        word, text = line[:10].strip(), line[10:].strip()
        if word:
            found.append((word, text))
        else:
            found[-1] = (found[-1][0], f"{found[-1][1]} {text}")
    return found


def _cost_plot(rows: Mapping[str, Trade], order: list[str]) -> Spec | None:
    """Draw CPU per request against the time until even; those that never were stand apart."""
    known = [row.seconds_to_even for row in rows.values() if row.seconds_to_even is not None]
    longest = max(known, default=0.0) or 1.0
    late = [name for name in order if rows[name].seconds_to_even is None]
    points = [
        {
            "number": str(number),
            "remedy": name,
            "at": rows[name].seconds_to_even
            if name not in late
            else longest * (NEVER + (END - NEVER) * (late.index(name) + 0.5) / len(late)),
            "even": _until_even(rows[name]),
            "cpu": round(1000 * cpu, 3),
            "finding": rows[name].finding if rows[name].finding == "even" else "not even",
        }
        for number, name in enumerate(order, 1)
        if (cpu := rows[name].cpu_seconds) is not None
    ]
    if not points:
        return None
    x = {
        "field": "at",
        "type": "quantitative",
        "scale": {"domain": [0, longest * END], "nice": False},
        "axis": axis("seconds until even again", values=_ticks(longest), grid=False),
    }
    y = {
        "field": "cpu",
        "type": "quantitative",
        "scale": {"zero": True},
        "axis": axis("CPU ms per request", titleAnchor="end"),
    }
    tone = {
        "field": "finding",
        "type": "nominal",
        "scale": {"domain": ["even", "not even"], "range": ["var(--c0)", "var(--c5)"]},
        "legend": None,
    }
    tooltip = [
        {"field": "remedy"},
        {"field": "even", "title": "even again"},
        {"field": "cpu", "title": "CPU ms per request", "type": "quantitative", "format": ".2f"},
    ]
    return chart(
        width="container",
        height=HEIGHT,
        data=values(points),
        layer=[
            {
                "data": values([{"from": longest * NEVER, "to": longest * END}]),
                "layer": [
                    {
                        "mark": {"type": "rect", "color": "var(--band)", "opacity": 0.2},
                        "encoding": {
                            "x": {"field": "from", "type": "quantitative"},
                            "x2": {"field": "to"},
                        },
                    },
                    {
                        "mark": {
                            "type": "text",
                            "align": "left",
                            "dx": 5,
                            "dy": 6,
                            "baseline": "top",
                            "color": "var(--muted)",
                        },
                        "encoding": {
                            "x": {"field": "from", "type": "quantitative"},
                            "y": {"value": 0},
                            "text": {"value": "never, or unknown"},
                        },
                    },
                ],
            },
            {
                "mark": {"type": "circle", "size": 340, "opacity": 0.85},
                "encoding": {"x": x, "y": y, "color": tone, "tooltip": tooltip},
            },
            {
                "mark": {"type": "text", "color": "var(--page)", "fontWeight": 600},
                "encoding": {"x": x, "y": y, "text": {"field": "number"}, "tooltip": tooltip},
            },
        ],
    )


def _until_even(row: Trade) -> str:
    if row.seconds_to_even is not None:
        return f"{row.seconds_to_even:.1f} s"
    return "never" if row.even_known else "unknown"


def _ticks(longest: float) -> list[float]:
    """Return round ticks up to `longest`: beyond it is no time."""
    step = next(one for one in (0.5, 1, 2, 5, 10, 20, 60, 120, 600, 86_400) if longest / one <= 8)
    return [step * count for count in range(int(longest / step) + 1)]
