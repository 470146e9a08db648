"""The closing report: the seed's table first, then the account, the statistics, the verdict.

Plain text of at most 80 columns, so that it reads the same on a terminal, in a log and in
a file. Pure: returns lines.
"""

from collections.abc import Sequence
from typing import Any

from lab.statistics import LEVEL, Spread
from lab.verdict import Verdict

LABEL_WIDTH = 13


def report(summary: dict[str, Any] | None, verdict: Verdict, folder: str) -> list[str]:
    """Return the closing report of a run whose files are in `folder`."""
    lines = [""]
    if summary is not None:
        lines += [*seed_table(summary["pods"]), "", *_account(summary), ""]
        if verdict.spread is not None:
            lines += [*_connections(summary["pods"], verdict.spread), ""]
    lines += [*_labelled("verdict", verdict.words), *_labelled("results", folder)]
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
    lines = _labelled(
        "requests",
        f"{requests['answered']:,} of {requests['planned']:,} planned were answered, "
        f"{requests['failed']:,} failed{f' ({kinds})' if kinds else ''}, in "
        f"{summary['load_seconds']:.1f} s",
    )
    lines += _labelled(
        "connections",
        f"{connections['opened']:,} opened, {connections['open']:,} still open; perfect "
        f"keep-alive opens {connections['perfect_keep_alive']:,}",
    )
    if announced is not None:
        lines += _labelled("keep-alive", f"{announced:.0%} of the answers said Connection: close")
    lines += _labelled("service time", _percentiles(summary["service_seconds"]))
    lines += _labelled("overhead", _percentiles(summary["overhead_seconds"]))
    lines += _labelled(
        "client cost",
        f"{cost['cpu_seconds']:.1f} s of CPU, {cost['peak_memory_bytes'] / 1e6:.0f} MB of memory, "
        f"{summary['clients']} {'process' if summary['clients'] == 1 else 'processes'}",
    )
    return lines


def _connections(pods: dict[str, dict[str, Any]], spread: Spread) -> list[str]:
    width = max(len(name) for name in spread.counts)
    expected = f"{spread.expected:,.0f} ± {spread.standard_deviation:.0f}"
    lines = [f"{'server':<{width}}  connections  {'by chance':>12}  {'off by':>8}  still open"]
    for name, count in spread.counts.items():
        held = pods[name]["connections_open"] if name in pods else 0
        lines.append(
            f"{name:<{width}}  {count:>11,}  {expected:>12}  "
            f"{spread.deviations(name):>+5.1f} sd  {held:>10,}"
        )
    if spread.enough and len(spread.counts) > 1:
        within = "within chance" if spread.within_chance else "not chance"
        lines += _labelled(
            "spread",
            f"{within}: chi-square {spread.chi_square:.2f}, {spread.degrees_of_freedom} degrees of "
            f"freedom, p = {spread.p_value:.2g} (level {LEVEL}); max/mean "
            f"{spread.max_over_mean:.3f}, CV {spread.coefficient_of_variation:.3f}",
        )
    return lines


def _percentiles(durations: dict[str, Any]) -> str:
    if not durations["count"]:
        return "none"
    return "  ".join(f"{name} {seconds(durations[name])}" for name in ("p50", "p90", "p99", "max"))


def seconds(value: float) -> str:
    """Write a duration with three digits, or all before the point, and its unit."""
    if value >= 999.5:
        return f"{value:.0f} s"
    return f"{value * 1000:.3g} ms" if value < 0.9995 else f"{value:.3g} s"


def _labelled(label: str, text: str) -> list[str]:
    """Put `text` beside `label`, in as many lines of at most 80 columns as it takes."""
    lines: list[str] = []
    room = 80 - LABEL_WIDTH
    for word in text.split(" "):
        if lines and len(lines[-1]) + 1 + len(word) <= room:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    labels: Sequence[str] = [label, *[""] * len(lines)]
    return [f"{name:<{LABEL_WIDTH}}{line}" for name, line in zip(labels, lines, strict=False)]
