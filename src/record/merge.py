"""How the summaries of several clients add up to one."""

import gc
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice

from long_lived.record.error_kind import ErrorKind
from long_lived.record.histogram import COARSE, MEDIUM, Durations, Histogram
from long_lived.record.summary import Connections, Cost, Pod, Requests, Stalls, Start, Summary
from long_lived.record.timeline import Timeline

AT_ONCE = 50
"""How many summaries are merged together: with 300 replicas each takes a megabyte."""


def ratio(part: int, whole: int) -> float | None:
    """Return a share of `whole` as a summary keeps it; None where the whole is 0."""
    return round(part / whole, 6) if whole else None


def merge(parts: Sequence[Summary], lags_seconds: Sequence[float] = ()) -> Summary:
    """Add up the summaries of the clients of one run.

    Counts are added, percentiles come from the merged histograms, the settings are the
    first client's (all have the same), and the load lasts from the first start to the last end.

    Args:
        parts: summaries of single clients.
        lags_seconds: how far each client's clock is behind the one that the result is to use;
            empty means that all use the same.

    Raises:
        ValueError: no parts.
    """
    if not parts:
        raise ValueError("no summary to merge")
    lags = lags_seconds or [0.0] * len(parts)
    starts = [part.started_unix_seconds + lag for part, lag in zip(parts, lags, strict=True)]
    ends = [start + part.load_seconds for start, part in zip(starts, parts, strict=True)]
    requests = _requests([part.requests for part in parts])
    return Summary(
        settings=parts[0].settings,
        python=parts[0].python,
        clients=sum(part.clients for part in parts),
        client_ids=[one for part in parts for one in part.client_ids],
        started=datetime.fromtimestamp(min(starts), UTC).isoformat(),
        load_seconds=round(max(ends) - min(starts), 3),
        stopped_by=next((part.stopped_by for part in parts if part.stopped_by), None),
        problem=next((part.problem for part in parts if part.problem), None),
        requests=requests,
        pods=_pods([part.pods for part in parts], lags),
        connections=_connections([part.connections for part in parts], requests.answered),
        service_seconds=_durations(part.service_seconds for part in parts),
        response_seconds=_durations(part.response_seconds for part in parts),
        overhead_seconds=_durations(part.overhead_seconds for part in parts),
        send_lag_seconds=_durations(part.send_lag_seconds for part in parts),
        stalls=_stalls([part.stalls for part in parts]),
        timeline=Timeline.merged([part.timeline for part in parts], lags).as_record(),
        cost=Cost(
            cpu_seconds=sum(part.cost.cpu_seconds for part in parts),
            peak_memory_bytes=sum(part.cost.peak_memory_bytes for part in parts),
        ),
    )


def merge_one_by_one(parts: Iterable[tuple[Summary, float]]) -> Summary | None:
    """Merge summaries, each with its lag, of which only some are in memory at a time.

    None where there are none.
    """
    whole: Summary | None = None
    left = iter(parts)
    with _uncollected():
        while some := list(islice(left, AT_ONCE)):
            if whole is not None:
                some.insert(0, (whole, 0.0))
            whole = merge([part for part, _ in some], [lag for _, lag in some])
    return whole


@contextmanager
def _uncollected() -> Iterator[None]:
    """Look for no garbage meanwhile.

    Summaries hold no cycles and thousands of objects: looking through them again and again takes as
    long as parsing and merging them (`bench/merge.py`).
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _durations(parts: Iterable[Durations]) -> Durations:
    return Histogram.merged(parts).as_record()


def _requests(parts: Sequence[Requests]) -> Requests:
    by_kind: Counter[ErrorKind] = Counter()
    for part in parts:
        by_kind.update(part.failed_by_kind)
    return Requests(
        planned=sum(part.planned for part in parts),
        sent=sum(part.sent for part in parts),
        sending_seconds=max(part.sending_seconds for part in parts),
        answered=sum(part.answered for part in parts),
        failed=sum(part.failed for part in parts),
        failed_by_kind={kind: by_kind[kind] for kind in sorted(by_kind)},
    )


def _connections(parts: Sequence[Connections], answered: int) -> Connections:
    close_announced = sum(part.close_announced for part in parts)
    resumed = [part.resumed for part in parts]
    return Connections(
        opened=sum(part.opened for part in parts),
        open=sum(part.open for part in parts),
        retired=sum(part.retired for part in parts),
        resumed=None if None in resumed else sum(filter(None, resumed)),
        unattributed=sum(part.unattributed for part in parts),
        perfect_keep_alive=sum(part.perfect_keep_alive for part in parts),
        most_requests_on_one=max(part.most_requests_on_one for part in parts),
        half_carried_by=sum(part.half_carried_by for part in parts),
        reused=sum(part.reused for part in parts),
        several_pods=sum(part.several_pods for part in parts),
        close_announced=close_announced,
        close_announced_ratio=ratio(close_announced, answered),
    )


def _stalls(parts: Sequence[Stalls]) -> Stalls:
    longest = max(parts, key=lambda one: one.longest_seconds)
    return Stalls(
        count=sum(part.count for part in parts),
        total_seconds=sum(part.total_seconds for part in parts),
        longest_seconds=longest.longest_seconds,
        longest_at_seconds=longest.longest_at_seconds,
    )


def _pods(parts: Sequence[dict[str, Pod]], lags: Sequence[float]) -> dict[str, Pod]:
    merged = {}
    for name in sorted({name for part in parts for name in part}):
        own = [(part[name], lag) for part, lag in zip(parts, lags, strict=True) if name in part]
        pods = [pod for pod, _ in own]
        merged[name] = Pod(
            requests=sum(pod.requests for pod in pods),
            connections_opened=sum(pod.connections_opened for pod in pods),
            connections_open=sum(pod.connections_open for pod in pods),
            oldest_connection_seconds=max(pod.oldest_connection_seconds for pod in pods),
            starts=_starts([_shifted(start, lag) for pod, lag in own for start in pod.starts]),
            overhead_seconds=Histogram.merged(
                (pod.overhead_seconds for pod in pods), COARSE
            ).as_record(),
            open_age_seconds=Histogram.merged(
                (pod.open_age_seconds for pod in pods), MEDIUM
            ).as_record(),
        )
    return merged


def _shifted(start: Start, lag: float) -> Start:
    """Return a start with its times by a clock that is `lag` seconds ahead."""
    if not lag:
        return start
    return Start(
        instance=start.instance,
        requests=start.requests,
        started_unix_seconds=round(start.started_unix_seconds + lag, 3),
        opened_unix_seconds=round(start.opened_unix_seconds + lag, 3),
        answered_unix_seconds=round(start.answered_unix_seconds + lag, 3),
    )


def _starts(seen: Sequence[Start]) -> list[Start]:
    """Put together what several clients saw of the starts of one pod."""
    by_instance: dict[str, list[Start]] = {}
    for start in seen:
        by_instance.setdefault(start.instance, []).append(start)
    merged = [
        Start(
            instance=instance,
            requests=sum(start.requests for start in same),
            started_unix_seconds=min(start.started_unix_seconds for start in same),
            opened_unix_seconds=min(start.opened_unix_seconds for start in same),
            answered_unix_seconds=max(start.answered_unix_seconds for start in same),
        )
        for instance, same in by_instance.items()
    ]
    return sorted(merged, key=lambda start: start.started_unix_seconds)
