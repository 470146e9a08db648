"""The page of an inspection: who holds the connections of a live service. Pure.

It is made from the JSON that an inspection leaves, so that it can be made again.
"""

from collections.abc import Mapping
from typing import Any

from long_lived.lab.analysis.spread import chance_bounds
from long_lived.lab.report.origin import Origin
from long_lived.lab.report.page.page import Page
from long_lived.lab.report.page.plots.counts import counts_plot
from long_lived.lab.report.page.replicas import MOST_LABEL
from long_lived.lab.report.page.text import clean

MOST_CLIENTS = 40
"""Clients in the table, those with most connections first."""

UNIT = "connections held"


def inspection_page(told: Mapping[str, Any], origin: Origin) -> Page:
    """Put together the page of an inspection, as `report.inspection.as_dict` tells it."""
    asked = {
        clean(one["name"], MOST_LABEL): one["connections"]
        for one in told["holders"]
        if one["connections"] is not None
    }
    low, high = chance_bounds(sum(asked.values()), len(asked)) if asked else (0, 0)
    finding, _, why = told["verdict"].partition(": ")
    drawn = counts_plot(asked, low, high, UNIT)
    shown = {
        "told": told,
        "finding": finding,
        "why": why,
        "total": sum(asked.values()),
        "low": low,
        "high": high,
        "most_clients": MOST_CLIENTS,
        "origin": origin,
    }
    title = f"{told['finding']} – {clean(told['target'], 80)} – long-lived"
    return Page("inspection.html", title, shown, {"replicas": drawn} if drawn else {})
