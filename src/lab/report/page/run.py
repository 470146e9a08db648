"""The page of one run: everything that its template shows. Pure."""

from typing import Any

from long_lived.lab.analysis.judged import Unit
from long_lived.lab.analysis.power import LEVEL
from long_lived.lab.analysis.verdict import history_of
from long_lived.lab.report.differing import differing, flat
from long_lived.lab.report.facts import Facts
from long_lived.lab.report.notes import notes
from long_lived.lab.report.page.ages import ages, ages_plot
from long_lived.lab.report.page.durations import bars, durations_plot
from long_lived.lab.report.page.page import Page
from long_lived.lab.report.page.plots.over_time import timeline_plot
from long_lived.lab.report.page.replicas import replica_plot, replica_table
from long_lived.lab.report.page.sure import sure
from long_lived.lab.report.page.timeline import in_order, timeline
from long_lived.lab.report.totals import totals


def run_page(facts: Facts) -> Page:
    """Put together the page of a run."""
    summary, verdict, name = facts.summary, facts.verdict, facts.name
    finding, _, why = verdict.words.partition(": ")
    shown: dict[str, Any] = {
        "verdict": verdict,
        "finding_words": finding,
        "why": why,
        "sure": sure(verdict),
        "level": LEVEL,
        "origin": facts.origin,
        "name": name,
        "summary": summary,
        "notes": list(facts.remarks),
    }
    title = f"{verdict.finding} – {name or 'a run'} – long-lived"
    if summary is None:
        return Page("run.html", title, shown, {})
    history = history_of(summary)
    replicas = replica_table(summary, verdict, facts.server_counts)
    over_time = timeline(history, in_order(verdict, [row.name for row in replicas.rows]), verdict)
    unit = Unit.HELD if verdict.judged is None else verdict.judged.unit
    times = {
        "service": (summary.service_seconds, "service time in ms: from the send to the answer"),
        "overhead": (
            summary.overhead_seconds,
            "overhead in ms: service time beyond the server's delay",
        ),
    }
    histograms = {key: bars(durations) for key, (durations, _) in times.items()}
    old = ages(summary.pods, over_time.replicas)
    plots = {
        "ages": ages_plot(old, over_time.replicas),
        "timeline": timeline_plot(over_time),
        "replicas": replica_plot(replicas, str(unit)),
        **{
            key: durations_plot(histograms[key], durations, title)
            for key, (durations, title) in times.items()
        },
    }
    shown |= {
        "effect": verdict.effect,
        "judged": verdict.judged,
        "timeline": over_time,
        "replicas": replicas,
        "unit": unit,
        "times": {key: (durations, histograms[key]) for key, (durations, _) in times.items()},
        "ages": old,
        "totals": totals(summary),
        "notes": [*notes(summary, verdict, history), *facts.remarks],
        "differing": differing(summary.settings),
        "settings": flat(summary.settings.as_values()),
    }
    return Page("run.html", title, shown, {key: one for key, one in plots.items() if one})
