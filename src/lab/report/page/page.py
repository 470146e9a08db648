"""What a page is made of, before it is HTML."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from long_lived.lab.report.page.plots.vega import Spec

PAGE = "report.html"
"""What it is called in the folder of its result."""


@dataclass(frozen=True)
class Page:
    """A template, what it shows, and its plots by the id of their place."""

    template: str
    title: str
    shown: Mapping[str, Any]
    plots: Mapping[str, Spec]
