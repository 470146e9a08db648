"""The closing report: the seed's table first, then the account, the statistics, the verdict.

Plain text of at most 80 columns, so that it reads the same on a terminal, in a log and in
a file. Pure: returns lines.
"""

from collections.abc import Mapping, Sequence

from long_lived.lab.analysis.accounts import Accounts
from long_lived.lab.analysis.evidence import p_value
from long_lived.lab.analysis.judged import Judged, Unit
from long_lived.lab.analysis.power import LEVEL
from long_lived.lab.analysis.verdict import Verdict, history_of
from long_lived.lab.report.columns import labelled, table
from long_lived.lab.report.notes import notes
from long_lived.lab.report.page.page import PAGE
from long_lived.lab.report.phases import phase_tables, strip
from long_lived.lab.report.totals import totals
from long_lived.record.lines import printable
from long_lived.record.summary import Pod, Summary

MOST_STRIPS = 12
"""Replicas whose answers over time are drawn in a run without an event."""


def report(
    summary: Summary | None,
    verdict: Verdict,
    folder: str,
    remarks: Sequence[str] = (),
    looked: Sequence[str] = (),
) -> list[str]:
    """Return the closing report of a run whose files are in `folder`.

    `looked` are the lines of looks at the service's sockets.
    """
    lines = [""]
    began = summary is None or summary.requests.sent or not summary.problem
    if summary is not None and began:
        history = history_of(summary)
        lines += [*seed_table(summary.pods), "", *totals(summary), ""]
        if verdict.effect is not None:
            lines += [*phase_tables(verdict.effect, history), ""]
        elif history.buckets and len(summary.pods) <= MOST_STRIPS:
            lines += [*strip(sorted(summary.pods), history), ""]
        if verdict.judged is not None:
            lines += [*_judged(verdict.judged, summary.pods), ""]
        if verdict.accounts is not None:
            lines += labelled("counts", _servers(verdict.accounts))
        for note in notes(summary, verdict, history):
            lines += labelled("note", note)
    lines += looked
    for remark in remarks:
        lines += labelled("note", remark)
    lines += labelled("verdict", verdict.words)
    if verdict.evidence and began:
        lines += labelled("evidence", verdict.evidence)
    return [*lines, *labelled("results", folder), *labelled("page", f"{folder}/{PAGE}")]


def seed_table(pods: Mapping[str, Pod]) -> list[str]:
    """Return the table of the seed: answers per server, most first."""
    ordered = sorted(pods.items(), key=lambda item: (-item[1].requests, item[0]))
    rows = (f"{pod.requests:<6} {printable(name)}" for name, pod in ordered)
    return ["counts server-name", *rows]


def _judged(judged: Judged, pods: Mapping[str, Pod]) -> list[str]:
    """Return the table of what the verdict is about."""
    spread = judged.spread
    what = {Unit.HELD: "held", Unit.OPENED: "opened", Unit.ANSWERED: "answered"}[judged.unit]
    when = (
        f"at {judged.end_seconds:.1f} s"
        if judged.unit is Unit.HELD
        else f"{judged.start_seconds:.1f} to {judged.end_seconds:.1f} s"
    )
    expected = f"{spread.expected:,.0f} ± {spread.standard_deviation:.0f}"
    rows = [[f"judged: {when}", what, f"{'by chance':>12}", f"{'off by':>8}", "still open"]]
    for name, count in spread.counts.items():
        held = pods[name].connections_open if name in pods else 0
        rows.append(
            [name, f"{count:,}", expected, f"{spread.deviations(name):+.1f} sd", f"{held:,}"]
        )
    if judged.unattributed:
        rows.append(["unattributed", f"{judged.unattributed:,}", "", "", ""])
    lines = table(rows, max(len(name) for name, *_ in rows))
    if not spread.enough:
        return lines
    within = "within chance" if spread.within_chance else "not chance"
    return lines + labelled(
        "spread",
        f"{within}: chi-square {spread.chi_square:.2f}, {spread.degrees_of_freedom} degrees of "
        f"freedom, {p_value(spread)} (level {LEVEL}); max/mean "
        f"{spread.max_over_mean:.3f}, CV {spread.coefficient_of_variation:.3f}",
    )


def _servers(accounts: Accounts) -> str:
    """Say how the servers' own counts and the clients' fit together."""
    served = sum(row.served for row in accounts.rows)
    text = f"{len(accounts.rows)} could be asked and count {served:,} answers to this run"
    if accounts.unexplained:
        text += f"; {accounts.unexplained:,} do not fit the clients' counts:"
        text += ",".join(
            f" {row.replica} {row.served:,}, clients {row.answered:,}"
            for row in accounts.rows
            if row.served != row.answered
        )
    elif accounts.lost:
        text += f", {accounts.lost:,} of which did not arrive: those requests failed"
    else:
        text += ": the same as the clients have from them"
    if others := sum(row.others for row in accounts.rows):
        text += f"; {others:,} more answers went to others"
    return text
