"""The summary of a run: one JSON object, and how several clients' summaries add up."""

import platform
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from long_lived.client.ledger import Ledger, PodCount
from long_lived.client.stalls import Stalls
from long_lived.record.histogram import COARSE, Histogram
from long_lived.record.timeline import Timeline
from long_lived.settings import Settings

FORMAT = 2
"""Version of the summary's layout; a reader refuses what it does not know."""

DURATIONS = ("service_seconds", "response_seconds", "overhead_seconds", "send_lag_seconds")

POD_COUNTS = ("requests", "connections_opened", "connections_open")


def summarize(
    settings: Settings,
    ledger: Ledger,
    *,
    opened: int,
    client_id: str,
    stalls: Stalls,
    load_seconds: float,
    stopped_by: str | None,
    problem: str | None,
    cost: dict[str, float],
) -> dict[str, Any]:
    """Return the summary of a closed ledger, of a client that has `opened` so many connections."""
    now = ledger.clock.elapsed_seconds()
    oldest = {name: count.oldest_seconds for name, count in ledger.pods.items()}
    open_by_pod: Counter[str] = Counter()
    for connection in ledger.still_open:
        if connection.pod is not None:
            open_by_pod[connection.pod] += 1
            age = now - connection.opened_seconds
            oldest[connection.pod] = max(oldest[connection.pod], age)
    pods = {
        name: {
            "requests": count.requests,
            "connections_opened": count.opened,
            "connections_open": open_by_pod[name],
            "oldest_connection_seconds": round(oldest[name], 3),
            "starts": _starts(count, ledger.clock.started_unix_seconds),
            "overhead_seconds": count.overhead.as_dict(),
        }
        for name, count in sorted(ledger.pods.items())
    }
    attributed = sum(count.opened for count in ledger.pods.values())
    return {
        "format": FORMAT,
        "settings": settings.as_values(),
        "python": platform.python_version(),
        "clients": 1,
        "client_ids": [client_id],
        "started": datetime.fromtimestamp(ledger.clock.started_unix_seconds, UTC).isoformat(),
        "load_seconds": round(load_seconds, 3),
        "stopped_by": stopped_by,
        "problem": problem,
        "requests": {
            "planned": ledger.planned,
            "sent": ledger.sent,
            "sending_seconds": round(
                ledger.last_sent_seconds - (ledger.first_sent_seconds or 0.0), 3
            ),
            "answered": ledger.answered,
            "failed": ledger.failed,
            "failed_by_kind": {
                kind: ledger.failed_by_kind[kind] for kind in sorted(ledger.failed_by_kind)
            },
        },
        "pods": pods,
        "connections": {
            "opened": opened,
            "open": len(ledger.still_open),
            "unattributed": opened - attributed,
            "perfect_keep_alive": min(settings.client.concurrency, ledger.planned),
            "most_requests_on_one": ledger.most_requests_on_a_connection,
            "reused": ledger.reused,
            "several_pods": ledger.several_pods,
            "close_announced": ledger.close_announced,
            "close_announced_ratio": _ratio(ledger.close_announced, ledger.answered),
        },
        "service_seconds": ledger.service.as_dict(),
        "response_seconds": ledger.response.as_dict(),
        "overhead_seconds": ledger.overhead.as_dict(),
        "send_lag_seconds": ledger.send_lag.as_dict(),
        "stalls": stalls.as_dict(),
        "timeline": ledger.timeline.as_dict(),
        "cost": cost,
    }


def merge(parts: Sequence[dict[str, Any]], lags_seconds: Sequence[float] = ()) -> dict[str, Any]:
    """Add up the summaries of the clients of one run.

    Counts are added, percentiles come from the merged histograms, the settings are the
    first client's (all have the same), and the load lasts from the first start to the last end.

    Args:
        parts: summaries of single clients.
        lags_seconds: by how much each client's clock is behind the one that the result is to go
            by; none means that all go by the same.

    Raises:
        ValueError: no parts, or one of another format.
    """
    if not parts:
        raise ValueError("no summary to merge")
    for part in parts:
        if part.get("format") != FORMAT:
            raise ValueError(f"summary format {part.get('format')!r}: allowed is {FORMAT}")
    lags = lags_seconds or [0.0] * len(parts)
    starts = [
        datetime.fromisoformat(part["started"]).timestamp() + lag
        for part, lag in zip(parts, lags, strict=True)
    ]
    ends = [start + part["load_seconds"] for start, part in zip(starts, parts, strict=True)]
    answered = sum(part["requests"]["answered"] for part in parts)
    connections = _summed([part["connections"] for part in parts])
    connections["close_announced_ratio"] = _ratio(int(connections["close_announced"]), answered)
    connections["most_requests_on_one"] = max(
        part["connections"]["most_requests_on_one"] for part in parts
    )
    longest = max((part["stalls"] for part in parts), key=lambda one: float(one["longest_seconds"]))
    return {
        "format": FORMAT,
        "settings": parts[0]["settings"],
        "python": parts[0]["python"],
        "clients": sum(part["clients"] for part in parts),
        "client_ids": [one for part in parts for one in part["client_ids"]],
        "started": datetime.fromtimestamp(min(starts), UTC).isoformat(),
        "load_seconds": round(max(ends) - min(starts), 3),
        "stopped_by": next((part["stopped_by"] for part in parts if part["stopped_by"]), None),
        "problem": next((part["problem"] for part in parts if part["problem"]), None),
        "requests": {
            **{
                key: sum(part["requests"][key] for part in parts)
                for key in ("planned", "sent", "answered", "failed")
            },
            "sending_seconds": max(part["requests"]["sending_seconds"] for part in parts),
            "failed_by_kind": _summed([part["requests"]["failed_by_kind"] for part in parts]),
        },
        "pods": _merged_pods([part["pods"] for part in parts], lags),
        "connections": connections,
        **{name: Histogram.merged(part[name] for part in parts).as_dict() for name in DURATIONS},
        "stalls": {**_summed([part["stalls"] for part in parts]), **_longest(longest)},
        "timeline": Timeline.merged([part["timeline"] for part in parts], lags).as_dict(),
        "cost": _summed([part["cost"] for part in parts]),
    }


def _starts(count: PodCount, started_unix_seconds: float) -> list[dict[str, Any]]:
    """List the starts of a pod's server, first to last."""
    found = [
        {
            "instance": instance,
            "requests": start.requests,
            "started_unix_seconds": round(started_unix_seconds + start.started_seconds, 3),
            "opened_unix_seconds": round(started_unix_seconds + start.opened_seconds, 3),
            "answered_unix_seconds": round(started_unix_seconds + start.answered_seconds, 3),
        }
        for instance, start in count.starts.items()
    ]
    return sorted(found, key=lambda start: float(start["started_unix_seconds"]))


def _merged_pods(
    parts: Sequence[dict[str, dict[str, Any]]], lags: Sequence[float]
) -> dict[str, dict[str, Any]]:
    merged = {}
    for name in sorted({name for part in parts for name in part}):
        counts = [(part[name], lag) for part, lag in zip(parts, lags, strict=True) if name in part]
        only = [count for count, _ in counts]
        merged[name] = {
            **_summed([{key: count[key] for key in POD_COUNTS} for count in only]),
            "oldest_connection_seconds": max(count["oldest_connection_seconds"] for count in only),
            "starts": _merged_starts([(count["starts"], lag) for count, lag in counts]),
            "overhead_seconds": Histogram.merged(
                (count["overhead_seconds"] for count in only), COARSE
            ).as_dict(),
        }
    return merged


def _merged_starts(parts: Sequence[tuple[list[dict[str, Any]], float]]) -> list[dict[str, Any]]:
    """Put together what several clients saw of the starts of one pod, by one clock."""
    merged: dict[str, dict[str, Any]] = {}
    for starts, lag in parts:
        for start in starts:
            shifted = {
                key: round(value + lag, 3) if key.endswith("_seconds") else value
                for key, value in start.items()
            }
            known = merged.setdefault(start["instance"], shifted)
            if known is shifted:
                continue
            known["requests"] += shifted["requests"]
            for key, choose in (("started", min), ("opened", min), ("answered", max)):
                key += "_unix_seconds"
                known[key] = choose(known[key], shifted[key])
    return sorted(merged.values(), key=lambda start: float(start["started_unix_seconds"]))


def _longest(stalls: dict[str, Any]) -> dict[str, Any]:
    return {key: stalls[key] for key in ("longest_seconds", "longest_at_seconds")}


def _summed(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Add up counts, key by key; a ratio over nothing (None) adds nothing."""
    keys = sorted({key for part in parts for key in part})
    return {key: sum(part.get(key) or 0 for part in parts) for key in keys}


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None
