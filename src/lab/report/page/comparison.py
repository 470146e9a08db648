"""The page of a comparison: remedies in one table, in one plot, and each over time. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from long_lived.lab.analysis.trade import Trade
from long_lived.lab.analysis.verdict import Verdict, history_of
from long_lived.lab.report.comparison import COLUMNS, LEGEND, advised, ranked, row_of
from long_lived.lab.report.origin import Origin
from long_lived.lab.report.page.page import Page
from long_lived.lab.report.page.plots.cost import cost_plot
from long_lived.lab.report.page.plots.over_time import small_plot
from long_lived.lab.report.page.timeline import Timeline, in_order, timeline
from long_lived.record.summary import Summary

POINTS = 60
"""Points of time in the small plots."""


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
    if drawn := cost_plot(rows, order):
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
