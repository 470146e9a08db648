"""Simulated runs, summed up as a client does it, only faster than by its ledger.

A test holds the two together.
"""

import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from bench.simulation import ANSWERED, FAILURES, START, Course, Plan

from long_lived.client.clock import Clock
from long_lived.client.ledger import Ledger
from long_lived.client.output import Output
from long_lived.client.stalls import Stalls
from long_lived.client.summary import summarize
from long_lived.record.histogram import COARSE, Histogram
from long_lived.record.summary import Cost, Pod, Requests, Start, Summary
from long_lived.record.timeline import (
    FINEST_SECONDS,
    MOST_BUCKETS,
    SERIES,
    UNATTRIBUTED,
    TimelineCounts,
)
from long_lived.settings import Settings, load


def summary(plan: Plan, course: Course, *overrides: str) -> Summary:
    """Sum up a run, as `client.summary` does."""
    made = _empty(overrides)
    names = [*plan.replicas(), UNATTRIBUTED]
    unknown = len(names) - 1
    name_of = np.array([names.index(start.name) for start in plan.starts])
    done = course.outcome == ANSWERED
    carrier, answerer = course.connection[done], name_of[course.start[done]]
    answers = np.bincount(carrier, minlength=len(course.opened))
    pod = np.full(len(course.opened), unknown)
    # Back to front, so that the first answer on a connection is the last that is written.
    pod[carrier[::-1]] = answerer[::-1]
    failed, ended = np.flatnonzero(~done), course.ended[~done]
    outcome, on, sent = course.outcome[failed], course.connection[failed], course.sent[failed]
    # Nobody knows whose a connection is that was made for the request, or none.
    known = (on >= 0) & (course.opened[on] < sent)
    code = outcome * len(names) + np.where(known, pod[on], unknown)
    kinds = ["answered", *FAILURES.values()]
    keys = [f"{kind} {name}".strip() for kind in kinds for name in names]
    closed = ~np.isnan(course.closed)
    events = {
        "sent": (["all"], np.zeros(len(done), dtype=np.int64), course.sent),
        "answered": (names, answerer, course.ended[done]),
        "opened": (names, pod, course.opened),
        "closed": (names, pod[closed], course.closed[closed]),
        "failed": (keys, code, sent),
        "failed_ended": (keys, code, ended),
    }
    several = len(np.unique(carrier[answerer != pod[carrier]])) if plan.proxied else 0
    opened = np.bincount(pod, minlength=len(names))
    left_open = np.bincount(pod[~closed], minlength=len(names))
    requests = Requests(
        planned=len(course.sent),
        sent=len(course.sent),
        sending_seconds=round(float(course.sent.max() - course.sent.min()), 3),
        answered=len(carrier),
        failed=len(failed),
        failed_by_kind={
            FAILURES[kind]: int(count) for kind, count in enumerate(np.bincount(outcome)) if count
        },
    )
    connections = made.connections.model_copy(
        update={
            "opened": len(course.opened),
            "open": len(course.opened) - int(np.count_nonzero(closed)),
            "unattributed": int(opened[-1]),
            "most_requests_on_one": int(answers.max()),
            "half_carried_by": _half(answers),
            "reused": int(np.count_nonzero(answers > 1)),
            "several_pods": several,
        }
    )
    return made.model_copy(
        update={
            "load_seconds": round(float(course.ended.max()), 3),
            "requests": requests,
            "pods": _pods(plan, course, names, opened, left_open),
            "connections": connections,
            "timeline": _timeline(events),
        }
    )


def _pods(
    plan: Plan, course: Course, names: Sequence[str], opened: np.ndarray, left_open: np.ndarray
) -> dict[str, Pod]:
    """Return what each replica did; durations, which are not judged, are left out."""
    done = course.outcome == ANSWERED
    start, ended = course.start[done], course.ended[done]
    began = course.opened[course.connection[done]]
    answers = np.bincount(start, minlength=len(plan.starts))
    first, last = np.full(len(plan.starts), np.inf), np.zeros(len(plan.starts))
    np.minimum.at(first, start, began)
    np.maximum.at(last, start, ended)
    starts: dict[str, list[Start]] = {}
    for index, one in enumerate(plan.starts):
        if answers[index]:
            told = Start(
                instance=f"{one.name}-{index}",
                requests=int(answers[index]),
                started_unix_seconds=round(START + one.up, 3),
                opened_unix_seconds=round(START + float(first[index]), 3),
                answered_unix_seconds=round(START + float(last[index]), 3),
            )
            starts.setdefault(one.name, []).append(told)
    return {
        name: Pod(
            requests=sum(one.requests for one in its),
            connections_opened=int(opened[names.index(name)]),
            connections_open=int(left_open[names.index(name)]),
            oldest_connection_seconds=0.0,
            starts=its,
            overhead_seconds=Histogram(COARSE).as_record(),
        )
        for name, its in sorted(starts.items())
    }


def _timeline(
    events: Mapping[str, tuple[Sequence[str], np.ndarray, np.ndarray]],
) -> TimelineCounts:
    """Count events (key by code, codes, times) in buckets, as `record.timeline` does."""
    times = [at for _, _, at in events.values() if len(at)]
    low, high = START + min(at.min() for at in times), START + max(at.max() for at in times)
    width = FINEST_SECONDS
    while math.floor(high / width) - math.floor(low / width) >= MOST_BUCKETS:
        width *= 2
    first = math.floor(low / width)
    size = math.floor(high / width) - first + 1
    series: dict[str, dict[str, dict[int, int]]] = {}
    for name in SERIES:
        keys, codes, at = events[name]
        buckets = ((START + at) / width).astype(np.int64) - first
        counts = np.bincount(codes * size + buckets, minlength=len(keys) * size)
        by_key = zip(keys, counts.reshape(len(keys), size), strict=True)
        series[name] = dict(sorted((key, _filled(row)) for key, row in by_key if row.any()))
    return TimelineCounts(
        start_unix_seconds=first * width, bucket_seconds=width, buckets=size, **series
    )


def _filled(counts: np.ndarray) -> dict[int, int]:
    """Return the counts by bucket, without those of 0."""
    (filled,) = np.nonzero(counts)
    return dict(zip(filled.tolist(), counts[filled].tolist(), strict=True))


def _half(answers: Any) -> int:
    """Return how few connections together carried half of all `answers`."""
    carried = np.cumsum(np.sort(answers)[::-1])
    return int(np.searchsorted(carried, carried[-1] / 2)) + 1 if carried[-1] else 0


class _Stopped(Clock):
    """A clock that stands at `START`."""

    def restart(self) -> None:
        self.started_unix_seconds = START

    def elapsed_seconds(self) -> float:
        return 0.0


@cache
def _empty(overrides: tuple[str, ...]) -> Summary:
    """Return the summary of a client that did nothing."""
    settings: Settings = load([], list(overrides), {})
    ledger = Ledger(_Stopped(), Output(-1), 0, log_responses=False)
    ledger.close()
    return summarize(
        settings,
        ledger,
        opened=0,
        retired=0,
        client_id="0123456789abcdef",
        stalls=Stalls(),
        load_seconds=0.0,
        stopped_by=None,
        problem=None,
        cost=Cost(cpu_seconds=0.0, peak_memory_bytes=0),
    )
