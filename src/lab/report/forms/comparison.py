"""The result of a comparison as JSON and as CSV. Pure.

It is versioned as the result of a run is, and in the same schema.
"""

import csv
import io
from dataclasses import asdict

from long_lived.lab.analysis.trade import Trade
from long_lived.lab.report.comparison import advised, ranked
from long_lived.lab.report.facts import ComparisonFacts
from long_lived.lab.report.forms.result import FORMAT, Part
from long_lived.lab.report.forms.timeline_csv import text
from long_lived.lab.report.origin import Origin


class RemedyPart(Part):
    """One remedy: the numbers of its run, or the medians of several; null where none tells.

    New connections and answers are those of the last half of the load after the event.
    """

    name: str
    finding: str
    """What most runs showed."""
    findings: list[str]
    """What each run showed."""
    passed: bool
    """Whether each finding was the expected one."""
    share_ratio: float | None
    """Answers of the replica with fewest, as a part of its fair share."""
    seconds_to_even: float | None
    """From the event until the load was even for good. Null: never, or too few to tell."""
    even_known: bool
    """Whether there were enough connections to tell when the load was even."""
    opened_per_second: float | None
    lost: float | None
    """Requests whose connection broke with a replica that was stopped."""
    added_p50_seconds: float | None
    added_p99_seconds: float | None
    """Time to an answer beyond the server's delay."""
    client_cpu_seconds: float | None
    server_cpu_seconds: float | None
    """CPU per answered request; the server's with that of a proxy."""

    @classmethod
    def of(cls, name: str, row: Trade) -> "RemedyPart":
        """Take a row of a comparison."""
        told = asdict(row)
        return cls(name=name, finding=row.finding, share_ratio=told.pop("share"), **told)


class Comparison(Part):
    """The result of one comparison of long-lived: remedies against the same load and event."""

    format: int = FORMAT
    name: str
    """Of the results folder."""
    event: str
    complete: bool
    """Whether every remedy was run as often as planned."""
    passed: bool
    """Whether it is complete, and each finding the expected one."""
    advice: list[str]
    remedies: list[RemedyPart]
    """Best trade first: even, then fewest lost, then least CPU."""
    skipped: dict[str, str]
    """Why some were left out, by remedy."""
    origin: Origin


def comparison(facts: ComparisonFacts) -> Comparison:
    """Put together the result of a comparison."""
    return Comparison(
        name=facts.name,
        event=facts.event,
        complete=facts.complete,
        passed=facts.passed,
        advice=advised(facts.rows),
        remedies=[RemedyPart.of(name, facts.rows[name]) for name in ranked(facts.rows)],
        skipped=dict(facts.skipped),
        origin=facts.origin,
    )


def comparison_as_json(facts: ComparisonFacts) -> str:
    """Return the result as JSON, in one line."""
    return f"{comparison(facts).model_dump_json()}\n"


def comparison_as_csv(facts: ComparisonFacts) -> str:
    """Return a row for each remedy."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(RemedyPart.model_fields)
    for one in comparison(facts).remedies:
        told = one.model_dump() | {"name": text(one.name), "findings": " ".join(one.findings)}
        rows.writerow(told.values())
    return out.getvalue()
