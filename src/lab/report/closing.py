"""The closing report: the seed's table first, then the account, the statistics, the verdict.

Plain text of at most 80 columns, so that it reads the same on a terminal, in a log and in
a file. Pure: returns lines.
"""

from collections.abc import Sequence
from statistics import median
from typing import Any

from long_lived.lab.analysis.accounts import Accounts
from long_lived.lab.analysis.history import History
from long_lived.lab.analysis.judged import Judged, Unit
from long_lived.lab.analysis.power import LEVEL
from long_lived.lab.analysis.verdict import Verdict, history_of
from long_lived.lab.analysis.words import p_value
from long_lived.lab.report.columns import labelled, seconds, table
from long_lived.lab.report.phases import phase_tables

BEHIND_SECONDS = 1.0
"""Send lag (p99) from which on the client is said to be behind its plan."""

SLOW_TIMES, SLOW_SECONDS = 5.0, 0.5
"""A replica's overhead (p99) stands out where it is so many times the median one, and so long."""


def report(
    summary: dict[str, Any] | None, verdict: Verdict, folder: str, remarks: Sequence[str] = ()
) -> list[str]:
    """Return the closing report of a run whose files are in `folder`."""
    lines = [""]
    if summary is not None:
        history = history_of(summary)
        lines += [*seed_table(summary["pods"]), "", *_account(summary), ""]
        if verdict.effect is not None:
            lines += [*phase_tables(verdict.effect, history), ""]
        if verdict.judged is not None:
            lines += [*_judged(verdict.judged, summary["pods"]), ""]
        if verdict.accounts is not None:
            lines += labelled("counts", _servers(verdict.accounts))
        for remark in [
            *_about_restarts(verdict, history),
            *_about_the_client(summary),
            *_about_replicas(summary["pods"]),
        ]:
            lines += labelled("note", remark)
    for remark in remarks:
        lines += labelled("note", remark)
    lines += labelled("verdict", verdict.words)
    if verdict.evidence:
        lines += labelled("evidence", verdict.evidence)
    return lines + labelled("results", folder)


def seed_table(pods: dict[str, dict[str, Any]]) -> list[str]:
    """Return the table of the seed: answers per server, most first."""
    ordered = sorted(pods.items(), key=lambda item: (-item[1]["requests"], item[0]))
    return ["counts server-name", *(f"{pod['requests']:<6} {name}" for name, pod in ordered)]


def _account(summary: dict[str, Any]) -> list[str]:
    requests, connections = summary["requests"], summary["connections"]
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in requests["failed_by_kind"].items())
    announced = connections["close_announced_ratio"]
    cost = summary["cost"]
    lines = labelled("servers", _runtime(summary["settings"]["server"]))
    lines += labelled(
        "requests",
        f"{requests['answered']:,} of {requests['planned']:,} planned were answered, "
        f"{requests['failed']:,} failed{f' ({kinds})' if kinds else ''}, in "
        f"{summary['load_seconds']:.1f} s",
    )
    lines += labelled(
        "rate",
        f"{_per_second(requests['sent'], requests['sending_seconds'])} sent per second, "
        f"throughput {_per_second(requests['answered'], summary['load_seconds'])} answered per "
        "second",
    )
    nameless = connections["unattributed"]
    lines += labelled(
        "connections",
        f"{connections['opened']:,} opened "
        f"({_per_second(connections['opened'], summary['load_seconds'])} per second), "
        f"{connections['open']:,} still open; perfect keep-alive opens "
        f"{connections['perfect_keep_alive']:,}"
        f"{f'; {nameless:,} unattributed, never answered' if nameless else ''}"
        f"{_oldest(summary['pods'])}",
    )
    if announced is not None:
        lines += labelled("keep-alive", f"{announced:.0%} of the answers said Connection: close")
    for label, key in (
        ("service time", "service_seconds"),
        ("response", "response_seconds"),
        ("send lag", "send_lag_seconds"),
        ("overhead", "overhead_seconds"),
    ):
        lines += labelled(label, _percentiles(summary[key]))
    if not cost["peak_memory_bytes"]:
        return lines  # of a client that was killed
    lines += labelled(
        "client cost",
        f"{cost['cpu_seconds']:.1f} s of CPU, {cost['peak_memory_bytes'] / 1e6:.0f} MB of memory, "
        f"{summary['clients']} {'process' if summary['clients'] == 1 else 'processes'}",
    )
    return lines


def _runtime(server: dict[str, Any]) -> str:
    """Say what served, and whether it is somebody else's or mended here."""
    name: str = server["runtime"]
    if name == "gunicorn":
        worker = server["gunicorn"]["workerClass"]
        mended = worker.endswith("-repaired")
        whose = "this project's, with defects mended" if mended else "gunicorn's own"
        name = f"gunicorn, worker {worker} ({whose})"
    return name


def _per_second(count: int, over_seconds: float) -> str:
    """Write a rate per second in three digits, without an exponent: 1,270 and not 1.27e+03."""
    if not over_seconds:
        return f"{count:,}"
    rounded = float(f"{count / over_seconds:.3g}")
    return f"{rounded:,.0f}" if rounded >= 1000 else f"{rounded:.3g}"


def _oldest(pods: dict[str, dict[str, Any]]) -> str:
    """Name the longest-lived connection and its age."""
    if not pods:
        return ""
    name = max(pods, key=lambda pod: float(pods[pod]["oldest_connection_seconds"]))
    age = seconds(pods[name]["oldest_connection_seconds"])
    return f"; the longest-lived reached {age}, to {name}"


def _judged(judged: Judged, pods: dict[str, dict[str, Any]]) -> list[str]:
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
        held = pods[name]["connections_open"] if name in pods else 0
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


def _about_restarts(verdict: Verdict, history: History) -> list[str]:
    """Say which replicas were started again under their names, when and why."""
    return [
        f"{one.old} restarted in place at "
        f"{history.elapsed_seconds(one.stopped_unix_seconds):.1f} s"
        f"{f': {one.reason}' if one.reason else ''}"
        for one in verdict.events
        if one.in_place
    ]


def _about_the_client(summary: dict[str, Any]) -> list[str]:
    """Say where the run measured the client and not the servers."""
    notes = []
    stalls, lag = summary["stalls"], summary["send_lag_seconds"]["p99"]
    if stalls["count"]:
        times = "once" if stalls["count"] == 1 else f"{stalls['count']} times"
        notes.append(
            f"the client stood still {times}, {stalls['total_seconds']:.1f} s in all, the longest "
            f"{stalls['longest_seconds']:.1f} s from {stalls['longest_at_seconds']:.1f} s on "
            "(stopped, suspended, or short of CPU): the times measured then are its own"
        )
    if lag is not None and lag > BEHIND_SECONDS:
        notes.append(
            f"one request in a hundred was sent {seconds(lag)} or more after its time: the client "
            "did not keep up, and its times are its own"
        )
    return notes


def _about_replicas(pods: dict[str, dict[str, Any]]) -> list[str]:
    """Name a replica whose overhead stands out from the others'."""
    slowest = {
        name: float(pod["overhead_seconds"]["p99"])
        for name, pod in pods.items()
        if pod["overhead_seconds"]["count"]
    }
    if len(slowest) < 2:
        return []
    usual = median(slowest.values())
    return [
        f"{name} is slow: overhead p99 {seconds(value)}, max "
        f"{seconds(pods[name]['overhead_seconds']['max'])}; of the replicas in the middle p99 is "
        f"{seconds(usual)}"
        for name, value in slowest.items()
        if value > max(SLOW_SECONDS, SLOW_TIMES * usual)
    ]


def _percentiles(durations: dict[str, Any]) -> str:
    if not durations["count"]:
        return "none"
    return "  ".join(f"{name} {seconds(durations[name])}" for name in ("p50", "p90", "p99", "max"))
