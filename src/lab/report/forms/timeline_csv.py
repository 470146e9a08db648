"""The timeline of a run as CSV: a row for each stretch of time and replica. Pure."""

import csv
import io

from long_lived.lab.analysis.verdict import history_of
from long_lived.lab.report.facts import Facts
from long_lived.lab.report.page.replicas import replica_table
from long_lived.record.lines import printable
from long_lived.record.timeline import UNATTRIBUTED

COLUMNS = (
    "start_seconds",
    "end_seconds",
    "replica",
    "answered",
    "opened",
    "closed",
    "held",
    "failed",
)

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a text begins with that a spreadsheet would calculate."""


def as_csv(facts: Facts) -> str:
    """Return the timeline; the replica is empty where nobody knows it."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(COLUMNS)
    if facts.summary is None:
        return out.getvalue()
    history = history_of(facts.summary)
    known = replica_table(facts.summary, facts.verdict, facts.server_counts).rows
    names = [*(row.name for row in known), UNATTRIBUTED]
    for bucket in range(history.buckets):
        after = bucket + 1
        failures = history.failures(bucket, after, ended=True).values()
        for name in names:
            counts = [
                history.count(one, name, bucket, after) for one in ("answered", "opened", "closed")
            ]
            failed = sum(on.get(name, 0) for on in failures)
            held = history.held(name, bucket)
            if name == UNATTRIBUTED and not any((*counts, failed, held)):
                continue
            rows.writerow(
                [history.seconds(bucket), history.seconds(after), text(name), *counts, held, failed]
            )
    return out.getvalue()


def text(name: str) -> str:
    """Keep a name that somebody else chose from being a formula, or moving a terminal."""
    return printable(f"'{name}" if name.startswith(FORMULA) else name)
