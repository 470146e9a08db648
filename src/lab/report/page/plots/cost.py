"""The plot of what remedies cost against how soon they cure. Pure."""

from collections.abc import Mapping, Sequence

from long_lived.lab.analysis.trade import Trade
from long_lived.lab.report.page.plots.vega import Spec, axis, chart, values

HEIGHT = 260
NEVER, END = 1.1, 1.6
"""Where those that were never even stand, beside each other, in parts of the longest time."""


def cost_plot(rows: Mapping[str, Trade], order: Sequence[str]) -> Spec | None:
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
