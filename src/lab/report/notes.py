"""What the reader of a report should know before believing its numbers. Pure."""

from collections.abc import Mapping
from statistics import median

from long_lived.lab.analysis.history import History
from long_lived.lab.analysis.verdict import Verdict
from long_lived.lab.report.columns import seconds
from long_lived.record.summary import Pod, Summary

BEHIND_SECONDS = 1.0
"""Send lag (p99) from which on the client is said to be behind its plan."""

SLOW_TIMES, SLOW_SECONDS = 5.0, 0.5
"""A replica's overhead (p99) stands out if it is that many times the median, and that long."""


def notes(summary: Summary, verdict: Verdict, history: History) -> list[str]:
    """Return a sentence for each thing worth a note."""
    return [
        *_about_restarts(verdict, history),
        *_about_the_client(summary),
        *_about_replicas(summary.pods),
    ]


def _about_restarts(verdict: Verdict, history: History) -> list[str]:
    """Say which replicas were started again under their names, when and why."""
    return [
        f"{one.old} restarted in place at "
        f"{history.elapsed_seconds(one.began_unix_seconds):.1f} s"
        f"{f': {one.reason}' if one.reason else ''}"
        for one in verdict.events
        if one.in_place
    ]


def _about_the_client(summary: Summary) -> list[str]:
    """Say where the run measured the client and not the servers."""
    notes = []
    if summary.settings.client.target.tls.insecure:
        notes.append(
            "INSECURE: any certificate was accepted (client.target.tls.insecure), so nobody knows "
            "who answered"
        )
    stalls, lag = summary.stalls, summary.send_lag_seconds.p99
    if stalls.count:
        times = "once" if stalls.count == 1 else f"{stalls.count} times"
        notes.append(
            f"the client stood still {times}, {stalls.total_seconds:.1f} s in all, the longest "
            f"{stalls.longest_seconds:.1f} s from {stalls.longest_at_seconds:.1f} s on "
            "(stopped, suspended, or short of CPU): the times measured then are the client's"
        )
    if lag is not None and lag > BEHIND_SECONDS:
        notes.append(
            f"one request in a hundred was sent {seconds(lag)} or more after its time: the client "
            "did not keep up, and the times are its own"
        )
    return notes


def _about_replicas(pods: Mapping[str, Pod]) -> list[str]:
    """Name a replica whose overhead stands out from the others'."""
    known = {
        name: (told.p99, told.max)
        for name, pod in pods.items()
        if (told := pod.overhead_seconds).p99 is not None and told.max is not None
    }
    if len(known) < 2:
        return []
    usual = median(p99 for p99, _ in known.values())
    return [
        f"{name} is slow: overhead p99 {seconds(p99)}, max {seconds(most)}; of the replicas in the "
        f"middle p99 is {seconds(usual)}"
        for name, (p99, most) in known.items()
        if p99 > max(SLOW_SECONDS, SLOW_TIMES * usual)
    ]
