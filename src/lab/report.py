"""The closing report: the seed's table first, then the account, the statistics, the verdict.

Plain text of at most 80 columns, so that it reads the same on a terminal, in a log and in
a file. Pure: returns lines.
"""

from collections.abc import Sequence
from typing import Any

from long_lived.lab.columns import labelled, seconds, table
from long_lived.lab.phase_report import phase_tables
from long_lived.lab.statistics import LEVEL, Spread
from long_lived.lab.verdict import Verdict, history_of


def report(
    summary: dict[str, Any] | None, verdict: Verdict, folder: str, remarks: Sequence[str] = ()
) -> list[str]:
    """Return the closing report of a run whose files are in `folder`."""
    lines = [""]
    if summary is not None:
        lines += [*seed_table(summary["pods"]), "", *_account(summary), ""]
        if verdict.aftermath is not None:
            lines += phase_tables(verdict.aftermath, history_of(summary))
            if verdict.spread is not None:
                lines += [*_chance(verdict.spread), ""]
        elif verdict.spread is not None:
            lines += [*_connections(summary["pods"], verdict.spread), ""]
    for remark in remarks:
        lines += labelled("note", remark)
    lines += [*labelled("verdict", verdict.words), *labelled("results", folder)]
    return lines


def seed_table(pods: dict[str, dict[str, Any]]) -> list[str]:
    """Return the table of the seed: answers per server, most first."""
    ordered = sorted(pods.items(), key=lambda item: (-item[1]["requests"], item[0]))
    return ["counts server-name", *(f"{pod['requests']:<6} {name}" for name, pod in ordered)]


def _account(summary: dict[str, Any]) -> list[str]:
    requests, connections = summary["requests"], summary["connections"]
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in requests["failed_by_kind"].items())
    announced = connections["close_announced_ratio"]
    cost = summary["cost"]
    lines = labelled(
        "requests",
        f"{requests['answered']:,} of {requests['planned']:,} planned were answered, "
        f"{requests['failed']:,} failed{f' ({kinds})' if kinds else ''}, in "
        f"{summary['load_seconds']:.1f} s",
    )
    per_second = connections["opened"] / summary["load_seconds"] if summary["load_seconds"] else 0.0
    lines += labelled(
        "connections",
        f"{connections['opened']:,} opened ({per_second:.3g} per second), "
        f"{connections['open']:,} still open; perfect keep-alive opens "
        f"{connections['perfect_keep_alive']:,}{_oldest(summary['pods'])}",
    )
    if announced is not None:
        lines += labelled("keep-alive", f"{announced:.0%} of the answers said Connection: close")
    lines += labelled("service time", _percentiles(summary["service_seconds"]))
    lines += labelled("overhead", _percentiles(summary["overhead_seconds"]))
    if not cost["peak_memory_bytes"]:
        return lines  # of a client that was killed
    lines += labelled(
        "client cost",
        f"{cost['cpu_seconds']:.1f} s of CPU, {cost['peak_memory_bytes'] / 1e6:.0f} MB of memory, "
        f"{summary['clients']} {'process' if summary['clients'] == 1 else 'processes'}",
    )
    return lines


def _oldest(pods: dict[str, dict[str, Any]]) -> str:
    """Name the longest-lived connection and its age."""
    if not pods:
        return ""
    name = max(pods, key=lambda pod: float(pods[pod]["oldest_connection_seconds"]))
    age = seconds(pods[name]["oldest_connection_seconds"])
    return f"; the longest-lived reached {age}, to {name}"


def _connections(pods: dict[str, dict[str, Any]], spread: Spread) -> list[str]:
    expected = f"{spread.expected:,.0f} ± {spread.standard_deviation:.0f}"
    rows = [["server", "connections", f"{'by chance':>12}", f"{'off by':>8}", "still open"]]
    for name, count in spread.counts.items():
        held = pods[name]["connections_open"] if name in pods else 0
        rows.append(
            [name, f"{count:,}", expected, f"{spread.deviations(name):+.1f} sd", f"{held:,}"]
        )
    lines = table(rows, max(len(name) for name, *_ in rows))
    return [*lines, *_chance(spread)]


def _chance(spread: Spread) -> list[str]:
    """Say whether chance spreads connections so."""
    if not spread.enough or len(spread.counts) == 1:
        return []
    within = "within chance" if spread.within_chance else "not chance"
    p = f"= {spread.p_value:.2g}" if spread.p_value else "< 1e-300"
    return labelled(
        "spread",
        f"{within}: chi-square {spread.chi_square:.2f}, {spread.degrees_of_freedom} degrees of "
        f"freedom, p {p} (level {LEVEL}); max/mean "
        f"{spread.max_over_mean:.3f}, CV {spread.coefficient_of_variation:.3f}",
    )


def _percentiles(durations: dict[str, Any]) -> str:
    if not durations["count"]:
        return "none"
    return "  ".join(f"{name} {seconds(durations[name])}" for name in ("p50", "p90", "p99", "max"))
