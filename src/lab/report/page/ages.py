"""How old the connections were that were open at the end, by replica. Pure."""

from collections.abc import Mapping, Sequence

from long_lived.lab.report.columns import seconds
from long_lived.lab.report.page.bands import Band
from long_lived.lab.report.page.durations import HEIGHT, Bar, edge
from long_lived.lab.report.page.plots.vega import Spec, axis, band_colours, chart, values
from long_lived.record.histogram import MEDIUM
from long_lived.record.summary import Pod

Ages = list[tuple[Bar, dict[str, int]]]
"""Bars, youngest first, each with its connections by the key of a band."""


def ages(pods: Mapping[str, Pod], bands: Sequence[Band]) -> Ages:
    """Count the connections of each band by age."""
    by_bin: dict[int, dict[str, int]] = {}
    for band in bands:
        for name in band.names:
            bins = pods[name].open_age_seconds.bins if name in pods else {}
            for index, count in bins.items():
                own = by_bin.setdefault(index, {})
                own[band.key] = own.get(band.key, 0) + count
    return [
        (Bar(edge(index - 1, MEDIUM), edge(index, MEDIUM), sum(own.values())), own)
        for index, own in sorted(by_bin.items())
    ]


def ages_plot(shown: Ages, bands: Sequence[Band]) -> Spec | None:
    """Draw the ages, stacked; None where no connection was open."""
    if not shown:
        return None
    labels = {band.key: band.label for band in bands}
    rows = [
        {
            "low": bar.low_seconds,
            "high": bar.high_seconds,
            "from": seconds(bar.low_seconds),
            "to": seconds(bar.high_seconds),
            "band": key,
            "label": labels[key],
            "count": count,
        }
        for bar, own in shown
        for key, count in own.items()
    ]
    return chart(
        width="container",
        height=HEIGHT,
        data=values(rows),
        mark={"type": "bar", "binSpacing": 0.5},
        encoding={
            "x": {
                "field": "low",
                "bin": {"binned": True},
                "type": "quantitative",
                "scale": {"type": "log", "nice": False},
                "axis": axis("age in seconds", format="~g", labelOverlap=True),
            },
            "x2": {"field": "high"},
            "y": {
                "field": "count",
                "type": "quantitative",
                "stack": "zero",
                "axis": axis(None, format="~s"),
            },
            "color": band_colours(bands),
            "tooltip": [
                {"field": "label", "title": "replica"},
                {"field": "from", "title": "older than"},
                {"field": "to", "title": "up to"},
                {"field": "count", "title": "connections", "type": "quantitative", "format": ","},
            ],
        },
    )
