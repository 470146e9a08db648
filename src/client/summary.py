"""The summary of a run: one JSON object, and how several clients' summaries add up."""

import platform
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from long_lived.client.connections import ConnectionBook
from long_lived.client.histogram import Histogram
from long_lived.client.ledger import Ledger
from long_lived.client.timeline import Timeline
from long_lived.settings import Settings

FORMAT = 1
"""Version of the summary's layout; a reader refuses what it does not know."""

DURATIONS = ("service_seconds", "overhead_seconds", "send_lag_seconds")


def summarize(
    settings: Settings,
    ledger: Ledger,
    book: ConnectionBook,
    *,
    load_seconds: float,
    stopped_by: str | None,
    problem: str | None,
    cost: dict[str, float],
) -> dict[str, Any]:
    """Return the summary of a closed ledger."""
    still_open = book.still_open()
    now = ledger.clock.elapsed_seconds()
    oldest = {name: count.oldest_seconds for name, count in ledger.pods.items()}
    open_by_pod: Counter[str] = Counter()
    for connection in still_open:
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
        }
        for name, count in sorted(ledger.pods.items())
    }
    attributed = sum(count.opened for count in ledger.pods.values())
    return {
        "format": FORMAT,
        "settings": settings.as_values(),
        "python": platform.python_version(),
        "clients": 1,
        "started": datetime.fromtimestamp(ledger.clock.started_unix_seconds, UTC).isoformat(),
        "load_seconds": round(load_seconds, 3),
        "stopped_by": stopped_by,
        "problem": problem,
        "requests": {
            "planned": ledger.planned,
            "answered": ledger.answered,
            "failed": ledger.failed,
            "failed_by_kind": {
                kind: ledger.failed_by_kind[kind] for kind in sorted(ledger.failed_by_kind)
            },
        },
        "pods": pods,
        "connections": {
            "opened": book.opened,
            "open": len(still_open),
            "unattributed": book.opened - attributed,
            "perfect_keep_alive": min(settings.client.concurrency, ledger.planned),
            "most_requests_on_one": ledger.most_requests_on_a_connection,
            "close_announced": ledger.close_announced,
            "close_announced_ratio": _ratio(ledger.close_announced, ledger.answered),
        },
        "service_seconds": ledger.service.as_dict(),
        "overhead_seconds": ledger.overhead.as_dict(),
        "send_lag_seconds": ledger.send_lag.as_dict(),
        "timeline": ledger.timeline.as_dict(),
        "cost": cost,
    }


def merge(parts: Sequence[dict[str, Any]], lags_seconds: Sequence[float] = ()) -> dict[str, Any]:
    """Add up the summaries of the clients of one run.

    `lags_seconds` tell by how much each client's clock is behind the one that the sum is to have;
    without them all have one.

    Counts are added, percentiles come from the merged histograms, the settings are the
    first client's (all have the same), and the load lasts from the first start to the last end.

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
    return {
        "format": FORMAT,
        "settings": parts[0]["settings"],
        "python": parts[0]["python"],
        "clients": sum(part["clients"] for part in parts),
        "started": datetime.fromtimestamp(min(starts), UTC).isoformat(),
        "load_seconds": round(max(ends) - min(starts), 3),
        "stopped_by": next((part["stopped_by"] for part in parts if part["stopped_by"]), None),
        "problem": next((part["problem"] for part in parts if part["problem"]), None),
        "requests": {
            **{
                key: sum(part["requests"][key] for part in parts)
                for key in ("planned", "answered", "failed")
            },
            "failed_by_kind": _summed([part["requests"]["failed_by_kind"] for part in parts]),
        },
        "pods": _merged_pods([part["pods"] for part in parts]),
        "connections": connections,
        **{name: Histogram.merged(part[name] for part in parts).as_dict() for name in DURATIONS},
        "timeline": Timeline.merged((part["timeline"] for part in parts), lags).as_dict(),
        "cost": _summed([part["cost"] for part in parts]),
    }


def _merged_pods(parts: Sequence[dict[str, dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    merged = {}
    for name in sorted({name for part in parts for name in part}):
        counts = [part[name] for part in parts if name in part]
        merged[name] = _summed(counts) | {
            "oldest_connection_seconds": max(count["oldest_connection_seconds"] for count in counts)
        }
    return merged


def _summed(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Add up counts, key by key; a ratio over nothing (None) adds nothing."""
    keys = sorted({key for part in parts for key in part})
    return {key: sum(part.get(key) or 0 for part in parts) for key in keys}


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None
