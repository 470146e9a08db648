"""The part of the report that shows a run as a whole: requests, connections, times, cost. Pure."""

from collections.abc import Mapping

from long_lived.lab.report.columns import labelled, seconds
from long_lived.record.histogram import Durations
from long_lived.record.summary import Connections, Pod, Summary
from long_lived.server.runtimes import RUNTIMES
from long_lived.settings import Settings


def totals(summary: Summary) -> list[str]:
    """Return one or more lines for each fact about the whole run."""
    requests, connections, cost = summary.requests, summary.connections, summary.cost
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in requests.failed_by_kind.items())
    lines = labelled("servers", _servers(summary.settings))
    lines += labelled(
        "requests",
        f"{requests.answered:,} of {requests.planned:,} planned were answered, "
        f"{requests.failed:,} failed{f' ({kinds})' if kinds else ''}, in "
        f"{summary.load_seconds:.1f} s",
    )
    lines += labelled(
        "rate",
        f"{_per_second(requests.sent, requests.sending_seconds)} sent per second, "
        f"throughput {_per_second(requests.answered, summary.load_seconds)} answered per "
        "second",
    )
    nameless = connections.unattributed
    lines += labelled(
        "connections",
        f"{connections.opened:,} opened "
        f"({_per_second(connections.opened, summary.load_seconds)} per second), "
        f"{connections.open:,} still open; perfect keep-alive opens "
        f"{connections.perfect_keep_alive:,}"
        f"{f'; {nameless:,} unattributed, never answered' if nameless else ''}"
        f"{_retired_and_shared(summary)}"
        f"{_oldest(summary.pods)}",
    )
    if connections.resumed is not None:
        lines += labelled("TLS", _handshakes(connections, summary.load_seconds))
    if connections.close_announced_ratio is not None:
        announced = connections.close_announced_ratio
        lines += labelled("keep-alive", f"{announced:.0%} of the answers said Connection: close")
    for label, durations in (
        ("service time", summary.service_seconds),
        ("response", summary.response_seconds),
        ("send lag", summary.send_lag_seconds),
    ):
        lines += labelled(label, _percentiles(durations))
    if requests.answered and not summary.overhead_seconds.count:
        lines += labelled("overhead", "– (the servers do not say how long they worked)")
    else:
        lines += labelled("overhead", _percentiles(summary.overhead_seconds))
    if not cost.peak_memory_bytes:
        return lines  # of a client that was killed
    lines += labelled(
        "client cost",
        f"{cost.cpu_seconds:.1f} s of CPU, {cost.peak_memory_bytes / 1e6:.0f} MB of memory, "
        f"{summary.clients} {'process' if summary.clients == 1 else 'processes'}",
    )
    return lines


def _servers(settings: Settings) -> str:
    """Say what served, and whether it is upstream's or repaired here."""
    server, target = settings.server, settings.client.target
    if not server.enabled:
        known = "" if server.replicas is None else f", {server.replicas} replicas"
        return f"{settings.client.url}{known}, identity {target.identity}"
    worker = RUNTIMES[server.runtime].worker_class(server)
    if not worker:
        return server.runtime
    mended = worker.endswith("-repaired")
    whose = "this project's, with defects mended" if mended else f"{server.runtime}'s own"
    return f"{server.runtime}, worker {worker} ({whose})"


def _handshakes(connections: Connections, load_seconds: float) -> str:
    """Say what connections cost in TLS: each begins with a handshake."""
    resumed = connections.resumed or 0
    full = connections.opened - resumed
    return (
        f"{full:,} full handshakes ({_per_second(full, load_seconds)} per second), "
        f"{resumed:,} resumed ({_per_second(resumed, load_seconds)} per second)"
    )


def _per_second(count: int, over_seconds: float) -> str:
    """Write a rate per second in three digits, without an exponent: 1,270 and not 1.27e+03."""
    if not over_seconds:
        return f"{count:,}"
    rounded = float(f"{count / over_seconds:.3g}")
    return f"{rounded:,.0f}" if rounded >= 1000 else f"{rounded:.3g}"


def _retired_and_shared(summary: Summary) -> str:
    """Say what the client closed itself, and how few connections users share in effect."""
    retired, half = summary.connections.retired, summary.connections.half_carried_by
    told = f"; {retired:,} retired by the client" if retired else ""
    if summary.settings.client.shares_connections and half:
        told += f"; the busiest {half:,} carried half of the answers"
    return told


def _oldest(pods: Mapping[str, Pod]) -> str:
    """Name the longest-lived connection and its age."""
    if not pods:
        return ""
    name = max(pods, key=lambda pod: pods[pod].oldest_connection_seconds)
    age = seconds(pods[name].oldest_connection_seconds)
    return f"; the longest-lived reached {age}, to {name}"


def _percentiles(durations: Durations) -> str:
    told = {
        "p50": durations.p50,
        "p90": durations.p90,
        "p99": durations.p99,
        "max": durations.max,
    }
    known = [f"{name} {seconds(value)}" for name, value in told.items() if value is not None]
    return "  ".join(known) or "none"
