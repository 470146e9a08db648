"""What a remedy gives and what it costs, in the numbers of one run, or the medians of several.

Traffic and new connections are those of the last half of the load after the event (of the whole
load without one): what the remedy leaves behind, and not how it gets there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from long_lived.lab.analysis.history import History
from long_lived.lab.analysis.verdict import Verdict, history_of
from long_lived.record.replica_counts import ReplicaCounts
from long_lived.record.summary import Summary


@dataclass(frozen=True)
class Trade:
    """One run, or several of the same, in numbers; None where a run does not tell."""

    findings: tuple[str, ...]
    """What each run showed."""
    passed: bool
    """Whether each finding was the expected one."""
    share: float | None
    """Answers of the replica with fewest, as a part of its fair share; 1 is fair."""
    seconds_to_even: float | None
    """From the event until the load was even for good; None: never, or too few to tell."""
    even_known: bool
    """Whether there was an event, and enough connections to tell when it was over."""
    opened_per_second: float | None
    """New connections."""
    lost: float | None
    """Requests whose connection broke with the replica."""
    added_p50_seconds: float | None
    added_p99_seconds: float | None
    """Time to an answer beyond the server's delay."""
    client_cpu_seconds: float | None
    server_cpu_seconds: float | None
    """CPU per answered request; the server's with that of a proxy."""

    @property
    def agreed(self) -> int:
        """How many runs showed what most of them did."""
        return max(map(self.findings.count, self.findings))

    @property
    def finding(self) -> str:
        """What most runs showed."""
        return max(self.findings, key=self.findings.count)

    @property
    def cpu_seconds(self) -> float | None:
        """CPU per answered request, of both sides."""
        if self.client_cpu_seconds is None or self.server_cpu_seconds is None:
            return None
        return self.client_cpu_seconds + self.server_cpu_seconds


def trade(
    summary: Summary | None,
    verdict: Verdict,
    server_counts: Iterable[ReplicaCounts],
    proxy_cpu_seconds: float | None = None,
) -> Trade:
    """Return the numbers of one run; `server_counts` are those of the replicas that were asked."""
    effect = verdict.effect
    share = opened = lost = p50 = p99 = client_cpu = server_cpu = None
    if summary is not None and summary.requests.answered:
        history = history_of(summary)
        crew = sorted(summary.pods) if effect is None else effect.crew
        share, opened = _traffic(history, crew, effect.end_bucket if effect else 0)
        kinds = summary.requests.failed_by_kind
        lost = float(effect.lost if effect else sum(kinds.values()))
        p50, p99 = summary.overhead_seconds.p50, summary.overhead_seconds.p99
        client_cpu = (summary.cost.cpu_seconds or None) and (
            summary.cost.cpu_seconds / summary.requests.answered
        )
        server_cpu = _server_cpu(server_counts)
        if server_cpu is not None and proxy_cpu_seconds is not None:
            server_cpu += proxy_cpu_seconds / summary.requests.answered
    return Trade(
        findings=(str(verdict.finding),),
        passed=verdict.passed,
        share=share,
        seconds_to_even=effect.seconds_to_even if effect else None,
        even_known=effect is not None and not effect.too_few_to_tell,
        opened_per_second=opened,
        lost=lost,
        added_p50_seconds=p50,
        added_p99_seconds=p99,
        client_cpu_seconds=client_cpu,
        server_cpu_seconds=server_cpu,
    )


def combined(trades: Sequence[Trade]) -> Trade:
    """Return the medians of several runs of the same; what one of them lacks is left out of it.

    The load counts as even again after some time only where most runs were: the others count as
    infinitely late.
    """
    never = float("inf")
    late = median(never if one.seconds_to_even is None else one.seconds_to_even for one in trades)
    return Trade(
        findings=tuple(finding for one in trades for finding in one.findings),
        passed=all(one.passed for one in trades),
        share=_median(one.share for one in trades),
        seconds_to_even=None if late == never else late,
        even_known=all(one.even_known for one in trades),
        opened_per_second=_median(one.opened_per_second for one in trades),
        lost=_median(one.lost for one in trades),
        added_p50_seconds=_median(one.added_p50_seconds for one in trades),
        added_p99_seconds=_median(one.added_p99_seconds for one in trades),
        client_cpu_seconds=_median(one.client_cpu_seconds for one in trades),
        server_cpu_seconds=_median(one.server_cpu_seconds for one in trades),
    )


def _traffic(
    history: History, crew: Sequence[str], begin: int
) -> tuple[float | None, float | None]:
    """Return the least share of the answers, and new connections per second, at the end."""
    end = history.load_end(begin)
    first = (begin + end) // 2
    answered = [history.count("answered", name, first, end) for name in crew]
    opened = sum(history.by_key("opened", first, end).values())
    seconds = (end - first) * history.bucket_seconds
    if not seconds or not sum(answered):
        return None, None
    return min(answered) * len(answered) / sum(answered), opened / seconds


def _server_cpu(server_counts: Iterable[ReplicaCounts]) -> float | None:
    cpu, answered = 0.0, 0
    for own in server_counts:
        if own.cpu_seconds is not None:
            cpu += own.cpu_seconds
            answered += own.answered
    return cpu / answered if answered else None


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None
