"""The plot of a run over time: panels below each other, on one axis. Pure."""

from collections.abc import Sequence
from typing import Any

from long_lived.lab.report.page.bands import Band
from long_lived.lab.report.page.plots.vega import (
    Spec,
    axis,
    band_colours,
    chart,
    folded,
    told,
    values,
)
from long_lived.lab.report.page.timeline import Row, Timeline

HEIGHT, SMALL_HEIGHT = 120, 90
HOVER = {
    "type": "point",
    "fields": ["t"],
    "nearest": True,
    "on": "pointermove",
    "clear": "pointerout",
}
RATE, COUNT = ",.1f", ",.0f"


def timeline_plot(shown: Timeline) -> Spec:
    """Draw answers, connections held and opened, and failures if there were any."""
    end = shown.end
    panels = [
        _panel("Requests answered per second", shown, shown.replicas, "a", end, labels=True),
        _panel("Connections held", shown, shown.replicas, "h", end, stacked=False),
        _panel("New connections per second", shown, shown.opened, "o", end),
    ]
    if shown.failed:
        panels.append(_panel("Failed requests per second", shown, shown.failed, "f", end))
    title_time(panels[-1])
    return chart(
        data=values(_closed(shown)),
        vconcat=panels,
        spacing=14,
        resolve={"scale": {"color": "independent", "strokeDash": "independent"}},
        params=[
            {
                "name": "hover",
                "select": HOVER,
                "views": [panel["layer"][-1]["name"] for panel in panels],
            }
        ],
    )


def title_time(panel: Spec) -> None:
    """Say below a panel what its axis is."""
    for layer in panel["layer"]:
        if layer["encoding"]["x"]["field"] == "t":
            layer["encoding"]["x"]["axis"] = axis("seconds since the start of the load")


def small_plot(shown: Timeline, end: float, most: float) -> Spec:
    """Draw only the answers, on scales that several runs have in common."""
    panel = _panel("", shown, shown.replicas, "a", end)
    x = {"domain": [0, end], "nice": False}
    for layer in panel["layer"]:
        layer.pop("name", None)
        if layer.get("encoding", {}).get("x", {}).get("field") == "t":
            layer["encoding"]["x"]["scale"] = x
        if "y" in layer["encoding"] and "stack" in layer["encoding"]["y"]:
            layer["encoding"]["y"]["scale"] = {"domain": [0, most]}
    panel["layer"][-1]["params"] = [{"name": "hover", "select": HOVER}]
    del panel["title"]
    return chart(
        data=values(_closed(shown)), width="container", **{**panel, "height": SMALL_HEIGHT}
    )


def _closed(shown: Timeline) -> list[Row]:
    """Return the rows and an end: a step lasts until the next row begins."""
    return [*shown.rows, *({**row, "t": row["u"]} for row in shown.rows[-1:])]


def _panel(
    title: str,
    shown: Timeline,
    bands: Sequence[Band],
    prefix: str,
    end: float,
    *,
    stacked: bool = True,
    labels: bool = False,
) -> Spec:
    layers = [*_during(shown)]
    drawn: dict[str, Any] = {
        "transform": folded(bands, prefix),
        "encoding": {
            "x": _x(end),
            "y": {"field": "value", "type": "quantitative", "axis": axis(None, format="~s")},
            "color": band_colours(bands, prefix),
            "order": {"field": "place", "type": "quantitative"},
        },
    }
    if stacked:
        drawn["mark"] = {"type": "area", "interpolate": "step-after", "opacity": 0.85}
        drawn["encoding"]["y"]["stack"] = "zero"
    else:
        drawn["mark"] = {"type": "line", "interpolate": "step-after", "strokeWidth": 2}
        drawn["encoding"]["strokeDash"] = {
            **band_colours(bands, prefix),
            "scale": {
                "domain": [f"{prefix}{one.key}" for one in bands],
                "range": [list(one.dash) or [1, 0] for one in bands],
            },
        }
        del drawn["encoding"]["order"]
    layers.append(drawn)
    layers += _marks(shown, end, labels=labels)
    layers.append(
        {
            "name": f"hover{prefix}",
            "mark": {"type": "rule", "color": "var(--text)", "strokeWidth": 1},
            "encoding": {
                "x": _x(end),
                "opacity": {
                    "condition": {"param": "hover", "value": 0.7, "empty": False},
                    "value": 0,
                },
                "tooltip": told(bands, prefix, COUNT if prefix == "h" else RATE),
            },
        }
    )
    return {"title": title, "height": HEIGHT, "layer": layers}


def _x(end: float) -> Spec:
    return {
        "field": "t",
        "type": "quantitative",
        "axis": axis(None),
        "scale": {"domain": [0, end], "nice": False},
    }


def _during(shown: Timeline) -> list[Spec]:
    if shown.during is None:
        return []
    begin, over = shown.during
    return [
        {
            "data": values([{"begin": begin, "over": over}]),
            "mark": {"type": "rect", "color": "var(--event)", "opacity": 0.18},
            "encoding": {
                "x": {"field": "begin", "type": "quantitative"},
                "x2": {"field": "over"},
            },
        }
    ]


def _marks(shown: Timeline, end: float, *, labels: bool) -> list[Spec]:
    """Draw when the event began and was over; what happened to whom is in the page's list."""
    if shown.during is None:
        return []
    begin, over = shown.during
    moments = [{"at": begin, "what": "event begins"}, {"at": over, "what": "over"}]
    rule: Spec = {
        "data": values(moments[: 1 if over >= end else 2]),
        "mark": {"type": "rule", "color": "var(--event)", "strokeDash": [4, 3], "strokeWidth": 1.5},
        "encoding": {"x": {"field": "at", "type": "quantitative"}},
    }
    if not labels:
        return [rule]
    late = begin > end / 2
    text = {
        "type": "text",
        "align": "right" if late else "left",
        "dx": -5 if late else 5,
        "dy": 6,
        "baseline": "top",
        "fontSize": 11,
    }
    word: Spec = {
        "data": values(moments[:1]),
        "encoding": {
            "x": {"field": "at", "type": "quantitative"},
            "y": {"value": 0},
            "text": {"field": "what"},
        },
    }
    halo = {**text, "color": "var(--page)", "stroke": "var(--page)", "strokeWidth": 4}
    return [rule, {**word, "mark": halo}, {**word, "mark": {**text, "color": "var(--text)"}}]
