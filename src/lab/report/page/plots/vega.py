"""Plots in the grammar of Vega-Lite: plain objects, which the page's script draws.

Their width is set by the page, which knows the reader's. Colours are the page's variables, so that
one drawing serves day, night and paper. Names only occur as titles and data, never as fields.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from long_lived.lab.report.page.bands import Band

Spec = dict[str, Any]

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
"""The name of the grammar; nothing is fetched from there."""

AXIS_WIDTH = 46
"""Room for the labels beside a plot: the same for all, so that those below each other line up."""

CONFIG: Spec = {
    "background": None,
    "font": "system-ui, sans-serif",
    "padding": {"left": 0, "right": 16, "top": 6, "bottom": 2},
    "view": {"stroke": None},
    "axis": {
        "labelColor": "var(--muted)",
        "titleColor": "var(--muted)",
        "gridColor": "var(--grid)",
        "domainColor": "var(--line)",
        "tickColor": "var(--line)",
        "labelFontSize": 11,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
    },
    "axisY": {"minExtent": AXIS_WIDTH, "domain": False, "ticks": False, "tickCount": 4},
    "axisX": {"grid": False, "tickCount": {"expr": "max(3, round(width / 90))"}},
    "title": {
        "anchor": "start",
        "color": "var(--text)",
        "fontSize": 12,
        "fontWeight": 600,
        "offset": 8,
    },
}


def chart(**parts: Any) -> Spec:
    """Return a plot that stands for itself."""
    return {"$schema": SCHEMA, "config": CONFIG, **parts}


def band_colours(shown: Sequence[Band], prefix: str = "") -> Spec:
    """Return the colour channel of what is folded by `folded`; the page draws the legend."""
    return {
        "field": "band",
        "type": "nominal",
        "scale": {
            "domain": [f"{prefix}{one.key}" for one in shown],
            "range": [one.colour for one in shown],
        },
        "legend": None,
    }


def folded(shown: Sequence[Band], prefix: str) -> list[Spec]:
    """Turn the columns of bands into rows of `band` and `value`."""
    return [
        {"fold": [f"{prefix}{one.key}" for one in shown], "as": ["band", "value"]},
        {
            "calculate": f"indexof({[f'{prefix}{one.key}' for one in shown]}, datum.band)",
            "as": "place",
        },
    ]


def told(shown: Sequence[Band], prefix: str, form: str) -> list[Spec]:
    """Return what hovering tells: the time, and the value of every band."""
    times = {"field": "t", "type": "quantitative", "title": "seconds", "format": ".1f"}
    return [
        times,
        *(
            {
                "field": f"{prefix}{one.key}",
                "type": "quantitative",
                "title": one.label,
                "format": form,
            }
            for one in shown
        ),
    ]


def axis(title: str | None, **more: Any) -> Spec:
    """Return an axis with that title."""
    return {"title": title, **more}


def values(rows: Sequence[Mapping[str, Any]]) -> Spec:
    """Return data that stand in the plot itself."""
    return {"values": list(rows)}
