"""Each replica's part in what is judged, against what chance gives it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from long_lived.lab.analysis.spread import chance_bounds
from long_lived.lab.analysis.verdict import Verdict
from long_lived.lab.report.page.plots.counts import counts_plot
from long_lived.lab.report.page.plots.vega import Spec
from long_lived.lab.report.page.text import clean
from long_lived.record.replica_counts import ReplicaCounts
from long_lived.record.summary import Summary

MOST_LABEL = 22


@dataclass(frozen=True)
class ReplicaRow:
    """One replica in numbers; None where nobody knows, or it is not judged."""

    name: str
    role: str
    judged: int | None
    deviations: float | None
    outside: bool
    """Whether chance explains its count by itself."""
    answered: int
    opened: int
    still_open: int
    oldest_seconds: float | None
    overhead_p50_seconds: float | None
    overhead_p99_seconds: float | None
    served: int | None
    """Answers to this run, by its own count."""


@dataclass(frozen=True)
class Replicas:
    """All of them, and between which counts chance keeps each."""

    rows: list[ReplicaRow]
    low: int
    high: int


def replica_table(
    summary: Summary, verdict: Verdict, server_counts: Mapping[str, ReplicaCounts]
) -> Replicas:
    """Put together what is known of each replica, in the order of the report."""
    judged = verdict.judged
    counts = {} if judged is None else judged.spread.counts
    low, high = chance_bounds(sum(counts.values()), len(counts)) if counts else (0, 0)
    known = {} if verdict.accounts is None else {row.replica: row for row in verdict.accounts.rows}
    effect = verdict.effect
    earlier = [] if effect is None else effect.everyone
    rows = []
    for name in dict.fromkeys([*counts, *earlier, *summary.pods, *server_counts]):
        pod, count = summary.pods.get(name), counts.get(name)
        rows.append(
            ReplicaRow(
                name=name,
                role=_role(name, verdict),
                judged=count,
                deviations=None
                if judged is None or count is None
                else judged.spread.deviations(name),
                outside=count is not None and not low <= count <= high,
                answered=pod.requests if pod else 0,
                opened=pod.connections_opened if pod else 0,
                still_open=pod.connections_open if pod else 0,
                oldest_seconds=pod.oldest_connection_seconds if pod else None,
                overhead_p50_seconds=pod.overhead_seconds.p50 if pod else None,
                overhead_p99_seconds=pod.overhead_seconds.p99 if pod else None,
                served=known[name].served if name in known else None,
            )
        )
    return Replicas(rows, low, high)


def _role(name: str, verdict: Verdict) -> str:
    effect = verdict.effect
    if effect is None:
        return ""
    if name in effect.came:
        return "restarted" if name in effect.stopped else "new"
    if name in effect.stopped:
        return "stopped"
    return "stayed" if name in effect.survivors else ""


def replica_plot(found: Replicas, unit: str) -> Spec | None:
    """Draw the count of each replica that is judged, on the band of chance; None without any."""
    counts = {
        f"{clean(row.name, MOST_LABEL)}{f' ({row.role})' if row.role else ''}": row.judged
        for row in found.rows
        if row.judged is not None
    }
    return counts_plot(counts, found.low, found.high, unit)
