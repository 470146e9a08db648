"""The plot of counts by name, each on the band that chance gives it. Pure."""

from collections.abc import Mapping

from long_lived.lab.report.page.plots.vega import Spec, axis, chart, values

MOST_BARS = 24
"""Bars drawn one by one. Of more, those with most and with fewest are."""

BAR_HEIGHT = 20


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
                        "axis": axis(unit, format="~s", grid=True, tickMinStep=1),
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
