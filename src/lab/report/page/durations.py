"""Histograms of durations, drawn: bins of the record put together until they can be seen. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from long_lived.lab.report.columns import seconds
from long_lived.lab.report.page.plots.vega import Spec, axis, chart, values
from long_lived.record.histogram import FINE, Durations, growth

MOST_BARS = 48
HEIGHT = 130


@dataclass(frozen=True)
class Bar:
    """How many durations lay between two."""

    low_seconds: float
    high_seconds: float
    count: int


def bars(durations: Durations, relative_error: float = FINE) -> list[Bar]:
    """Put the bins of a histogram together; empty bars between are left out."""
    if not durations.bins or durations.min is None or durations.max is None:
        return []
    first, last = min(durations.bins), max(durations.bins)
    width = math.ceil((last - first + 1) / MOST_BARS)
    found: dict[int, int] = {}
    for index, count in durations.bins.items():
        place = (index - first) // width
        found[place] = found.get(place, 0) + count
    return [
        Bar(
            edge(first + place * width - 1, relative_error),
            edge(first + (place + 1) * width - 1, relative_error),
            count,
        )
        for place, count in sorted(found.items())
    ]


def edge(index: int, relative_error: float) -> float:
    """Return up to which duration a bin holds; the one before it ends where it begins."""
    return growth(relative_error) ** index


def durations_plot(shown: Sequence[Bar], durations: Durations, title: str) -> Spec | None:
    """Draw a histogram with its percentiles; None where it is empty."""
    if not shown:
        return None
    rows = [
        {
            "low": one.low_seconds * 1000,
            "high": one.high_seconds * 1000,
            "count": one.count,
            "from": seconds(one.low_seconds),
            "to": seconds(one.high_seconds),
        }
        for one in shown
    ]
    percentiles = [
        {"at": value * 1000, "what": name}
        for name, value in (("p50", durations.p50), ("p90", durations.p90), ("p99", durations.p99))
        if value is not None
    ]
    x = {
        "type": "quantitative",
        "scale": {"type": "log", "nice": False},
        "axis": axis(title, format="~s", labelOverlap=True),
    }
    at = {"field": "at", "type": "quantitative"}
    return chart(
        width="container",
        height=HEIGHT,
        layer=[
            {
                "data": values(rows),
                "mark": {"type": "bar", "color": "var(--c0)", "binSpacing": 0.5},
                "encoding": {
                    "x": {**x, "field": "low", "bin": {"binned": True}},
                    "x2": {"field": "high"},
                    "y": {
                        "field": "count",
                        "type": "quantitative",
                        "axis": axis(None, format="~s"),
                    },
                    "tooltip": [
                        {"field": "from", "title": "above"},
                        {"field": "to", "title": "up to"},
                        {"field": "count", "type": "quantitative", "format": ","},
                    ],
                },
            },
            {
                "data": values(percentiles),
                "mark": {"type": "rule", "color": "var(--text)", "strokeDash": [3, 3]},
                "encoding": {"x": at},
            },
            {
                "data": values(percentiles),
                "mark": {
                    "type": "text",
                    "color": "var(--text)",
                    "dy": -3,
                    "baseline": "bottom",
                    "fontSize": 11,
                },
                "encoding": {"x": at, "y": {"value": 0}, "text": {"field": "what"}},
            },
        ],
    )
