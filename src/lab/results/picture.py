"""A run as a picture for a page that somebody else makes: an SVG for day and night."""

import json
from typing import Any

from long_lived.lab.analysis.verdict import history_of
from long_lived.lab.report.facts import Facts
from long_lived.lab.report.page.bands import Band
from long_lived.lab.report.page.plots.over_time import timeline_plot, title_time
from long_lived.lab.report.page.render import style
from long_lived.lab.report.page.text import clean
from long_lived.lab.report.page.timeline import in_order, timeline

WIDTH = 720
PANELS = 2
"""Those of the page's plot that are drawn: answers, and connections held."""

MOST_TITLE = 110


def picture(facts: Facts) -> str:
    """Return the picture of a run; empty where its clients left nothing to draw."""
    if facts.summary is None:
        return ""
    import vl_convert  # 33 MB, for nothing else

    summary, verdict = facts.summary, facts.verdict
    judged = () if verdict.judged is None else verdict.judged.spread.counts
    names = in_order(verdict, [*judged, *sorted(summary.pods)])
    shown = timeline(history_of(summary), names, verdict)
    spec = timeline_plot(shown)
    spec["vconcat"] = [{**panel, "width": WIDTH} for panel in spec["vconcat"][:PANELS]]
    title_time(spec["vconcat"][-1])
    del spec["params"]
    for panel in spec["vconcat"]:
        panel["layer"] = [one for one in panel["layer"] if "name" not in one]
    about = clean(summary.settings.experiment.description, MOST_TITLE)
    spec["title"] = {
        "text": f"{verdict.finding}: {about}" if about else str(verdict.finding),
        "anchor": "start",
        "fontSize": 14,
        "offset": 10,
    }
    _add_legend(spec, shown.replicas)
    drawn: str = vl_convert.vegalite_to_svg(spec)
    end = drawn.index(">") + 1
    return f"{drawn[:end]}<style>{style('colours.css')}</style>{drawn[end:]}\n"


def _add_legend(spec: dict[str, Any], bands: list[Band]) -> None:
    """Name the colours in the picture itself, as no page does it."""
    labels = json.dumps({f"a{band.key}": band.label for band in bands})
    for layer in spec["vconcat"][0]["layer"]:
        channel = layer.get("encoding", {}).get("color")
        if channel is not None:
            channel["legend"] = {
                "orient": "top",
                "direction": "horizontal",
                "title": None,
                "labelExpr": f"{labels}[datum.label]",
                "labelColor": "var(--text)",
                "symbolType": "square",
                "symbolOpacity": 1,
            }
