"""Two runs side by side: what differs, which way, and whether that is more than noise.

Noise is what two runs of the same differ by. Of counts it is known: connections and failures vary
as random ones do. Times and CPU also depend on how busy the machine was, which one run does not
tell: they differ only where they do so by more than a tolerance, and times only where the number of
requests does not explain it either.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from long_lived.lab.analysis.trade import Trade
from long_lived.lab.analysis.verdict import Finding, Verdict
from long_lived.record.histogram import Durations, Histogram
from long_lived.record.summary import Summary

TOLERANCE = 0.25
"""Part of the larger by which times and CPU must differ, unless told otherwise: CPU of runs of the
same differed by at most 22 %, whatever else the machine did (docs/results.md)."""

DEVIATIONS = 3.29
"""Standard deviations that a difference of counts has to exceed: by chance it does so once in a
thousand times, as often as `power.LEVEL`."""

LOOKS_SECONDS = 2.0
"""Two looks of `even_again`, by which the time until even may be off."""

ORDER = (
    *(Finding.INCOMPLETE, Finding.PINNED, Finding.UNEVEN),
    *(Finding.NOT_JUDGED, Finding.TOO_FEW, Finding.EVEN),
)
"""Findings, worst first; pinned and uneven are as bad as each other."""


class Trend(StrEnum):
    """What became of a number from the first run to the second."""

    SAME = "same"
    NOISE = "within noise"
    BETTER = "better"
    WORSE = "worse"
    OTHER = "differs"
    """More than noise, and neither good nor bad in itself."""
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Compared:
    """One number of both runs; None where a run does not tell it, infinity for never."""

    name: str
    unit: str
    first: float | None
    second: float | None
    change: Trend


@dataclass(frozen=True)
class Side:
    """One of the two runs."""

    summary: Summary
    verdict: Verdict
    trade: Trade


def compared(first: Side, second: Side, tolerance: float = TOLERANCE) -> list[Compared]:
    """Compare two runs, number by number."""
    a, b = first.summary, second.summary
    shares = [_share(side.verdict) for side in (first, second)]
    return [
        _row("share", "ratio", shares[0][0], shares[1][0], _share_noise(*shares), less=False),
        _row("even again", "seconds", _until_even(first), _until_even(second), _looks),
        _count(
            "failed",
            a.requests.failed,
            b.requests.failed,
            a.requests.planned / max(1, b.requests.planned),
        ),
        _row(
            "new connections",
            "per second",
            first.trade.opened_per_second,
            second.trade.opened_per_second,
            _within(tolerance),
            less=None,
        ),
        *(
            _row(
                f"{name} {which}",
                "seconds",
                getattr(x, which),
                getattr(y, which),
                _sampled(x, y, share, tolerance),
            )
            for name, x, y in (
                ("overhead", a.overhead_seconds, b.overhead_seconds),
                ("service time", a.service_seconds, b.service_seconds),
            )
            for which, share in (("p50", 0.5), ("p99", 0.99))
        ),
        _row(
            "CPU a request",
            "seconds",
            first.trade.cpu_seconds,
            second.trade.cpu_seconds,
            _within(tolerance),
        ),
    ]


def verdicts(first: Verdict, second: Verdict) -> Trend:
    """Tell what became of the finding."""
    if first.finding is second.finding:
        return Trend.SAME
    unevens = (Finding.PINNED, Finding.UNEVEN)
    if first.finding in unevens and second.finding in unevens:
        return Trend.OTHER
    worse = ORDER.index(second.finding) < ORDER.index(first.finding)
    return Trend.WORSE if worse else Trend.BETTER


Noise = Callable[[float, float], bool]
"""Whether noise explains that two numbers differ."""


def _row(
    name: str,
    unit: str,
    first: float | None,
    second: float | None,
    noise: Noise,
    *,
    less: bool | None = True,
) -> Compared:
    """Compare a number; `less` says whether less of it is better, None that neither is."""
    if first is None or second is None:
        return Compared(name, unit, first, second, Trend.UNKNOWN)
    if first == second:
        change = Trend.SAME
    elif noise(first, second):
        change = Trend.NOISE
    elif less is None:
        change = Trend.OTHER
    else:
        change = Trend.BETTER if (second < first) is less else Trend.WORSE
    return Compared(name, unit, first, second, change)


def _count(name: str, first: int, second: int, scale: float) -> Compared:
    """Compare counts of rare things in runs of which the first is `scale` times as long."""

    def noise(a: float, b: float) -> bool:
        return abs(a - b * scale) <= DEVIATIONS * math.sqrt(a + b * scale**2)

    return _row(name, "requests", first, second, noise)


def _within(tolerance: float) -> Noise:
    return lambda a, b: abs(a - b) <= tolerance * max(abs(a), abs(b))


def _looks(a: float, b: float) -> bool:
    return abs(a - b) <= LOOKS_SECONDS


def _sampled(a: Durations, b: Durations, share: float, tolerance: float) -> Noise:
    """Return the noise of a percentile: the tolerance, and what its rank may be off."""

    def noise(first: float, second: float) -> bool:
        low, high = (a, b) if first < second else (b, a)
        return (
            _within(tolerance)(first, second) or _around(low, share)[1] >= _around(high, share)[0]
        )

    return noise


def _around(durations: Durations, share: float) -> tuple[float, float]:
    """Return between which durations a percentile lies, by the binomial spread of its rank."""
    whole = Histogram.merged([durations])
    off = DEVIATIONS * math.sqrt(share * (1 - share) / max(1, durations.count))
    ends = (whole.percentile(max(0.0, share - off)), whole.percentile(min(1.0, share + off)))
    return ends[0] or 0.0, ends[1] or 0.0


def _share(verdict: Verdict) -> tuple[float | None, float]:
    """Return the part of its fair share that the emptiest replica has, and its deviation."""
    if verdict.judged is None or not verdict.judged.spread.total:
        return None, 0.0
    spread = verdict.judged.spread
    least = min(spread.counts.values())
    of_all = least / spread.total
    deviation = math.sqrt(spread.total * of_all * (1 - of_all)) / spread.expected
    return least / spread.expected, deviation


def _share_noise(first: tuple[float | None, float], second: tuple[float | None, float]) -> Noise:
    return lambda a, b: abs(a - b) <= DEVIATIONS * math.hypot(first[1], second[1])


def _until_even(side: Side) -> float | None:
    if side.trade.seconds_to_even is not None:
        return side.trade.seconds_to_even
    return math.inf if side.trade.even_known else None
