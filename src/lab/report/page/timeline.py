"""A run over time: what a plot and its table take from the history. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from long_lived.lab.analysis.events.change import happened
from long_lived.lab.analysis.history import History
from long_lived.lab.analysis.verdict import Verdict
from long_lived.lab.report.page.bands import Band, bands
from long_lived.lab.report.page.text import clean
from long_lived.record.timeline import UNATTRIBUTED

MOST_POINTS = 120
"""Points of time that are drawn: more than that nobody tells apart in a plot of a page's width."""

MOST_WORDS = 160

FAILURES = 5
"""Number of the colour of the first kind of failure: the first replicas have others."""

Row = dict[str, float]


@dataclass(frozen=True)
class Mark:
    """A moment of an event."""

    seconds: float
    what: str


@dataclass(frozen=True)
class Timeline:
    """A run over time, in at most `MOST_POINTS` rows.

    A row begins at `t` and ends at `u`, in seconds since the clock started. Of a band with the key
    K it has `aK` requests answered and `oK` connections opened, per second, and `hK` connections
    held at its end, of several replicas together the mean. Of a kind of failure it has `fK`
    requests that failed, per second.
    """

    rows: list[Row]
    replicas: list[Band]
    opened: list[Band]
    """Those of `replicas`, and connections that belong to nobody known."""
    failed: list[Band]
    marks: list[Mark]
    during: tuple[float, float] | None
    """From the beginning of the first event until the last one was over."""

    @property
    def end(self) -> float:
        """When the last row ends."""
        return self.rows[-1]["u"] if self.rows else 0.0

    @property
    def most_answered(self) -> float:
        """The highest rate of answers of all replicas together."""
        return max(
            (sum(row[f"a{band.key}"] for band in self.replicas) for row in self.rows), default=0.0
        )


def timeline(
    history: History, names: Sequence[str], verdict: Verdict, most_points: int = MOST_POINTS
) -> Timeline:
    """Shape the history of a run with these replicas."""
    replicas = bands(names, _weights(history, names, verdict), what="other replicas")
    unknown = Band("unknown", "unattributed", (UNATTRIBUTED,), "var(--rest)", (1, 3))
    nameless = history.count("opened", UNATTRIBUTED, 0, history.buckets)
    kinds = {
        kind: (float(sum(on.values())),)
        for kind, on in history.failures(0, history.buckets, ended=True).items()
    }
    failed = bands(list(kinds), kinds, what="other kinds", first_colour=FAILURES)
    step = max(1, math.ceil(history.buckets / most_points))
    opened = [*replicas, *([unknown] if nameless else [])]
    return Timeline(
        rows=[
            _row(history, replicas, opened, failed, first, min(first + step, history.buckets))
            for first in range(0, history.buckets, step)
        ],
        replicas=replicas,
        opened=opened,
        failed=failed,
        marks=_marks(history, verdict),
        during=None if verdict.effect is None else verdict.effect.during,
    )


def in_order(verdict: Verdict, names: Sequence[str]) -> list[str]:
    """List all replicas in the order in which they served."""
    effect = verdict.effect
    first = [] if effect is None else effect.everyone
    return list(dict.fromkeys([*first, *names]))


def _weights(
    history: History, names: Sequence[str], verdict: Verdict
) -> dict[str, tuple[float, ...]]:
    """Weigh replicas: those furthest above and furthest below their share have most."""
    spread = None if verdict.judged is None else verdict.judged.spread

    def off(name: str) -> tuple[float, int]:
        by = 0.0
        if spread is not None and name in spread.counts:
            by = spread.deviations(name)
        return by, history.count("answered", name, 0, history.buckets)

    order = sorted(names, key=off)
    return {name: (float(max(place, len(order) - 1 - place)),) for place, name in enumerate(order)}


def _row(
    history: History,
    replicas: Sequence[Band],
    opened: Sequence[Band],
    failed: Sequence[Band],
    first: int,
    end: int,
) -> Row:
    seconds = (end - first) * history.bucket_seconds
    row: Row = {"t": round(history.seconds(first), 2), "u": round(history.seconds(end), 2)}
    for band in replicas:
        answered = sum(history.count("answered", name, first, end) for name in band.names)
        row[f"a{band.key}"] = round(answered / seconds, 2)
        held = sum(history.held(name, end - 1) for name in band.names)
        # A line of many together would dwarf those of one replica each.
        row[f"h{band.key}"] = round(held / len(band.names), 1) if len(band.names) > 1 else held
    for band in opened:
        new = sum(history.count("opened", name, first, end) for name in band.names)
        row[f"o{band.key}"] = round(new / seconds, 2)
    broken = history.failures(first, end, ended=True)
    for band in failed:
        count = sum(sum(broken.get(kind, {}).values()) for kind in band.names)
        row[f"f{band.key}"] = round(count / seconds, 2)
    return row


def _marks(history: History, verdict: Verdict) -> list[Mark]:
    """List what happened to replicas, in the order of time."""
    return [
        Mark(round(history.elapsed_seconds(at), 2), clean(what, MOST_WORDS))
        for at, what in happened(verdict.events)
    ]
