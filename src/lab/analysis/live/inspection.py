"""What two looks at a live service show, by the rule of docs/verdict.md: one word, and why.

Here nobody knows when a connection was opened, only whether it lasted from one look to the next,
and when each holder started. That is enough: kept connections that the later ones lack were opened
before these were there.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from long_lived.lab.analysis.events.latecomers import behind
from long_lived.lab.analysis.live.looks import Held, by_client
from long_lived.lab.analysis.spread import Spread, spread
from long_lived.lab.analysis.verdict import Finding, find

KEPT_RATIO = 0.5
"""Part of the connections of the first look that must be open at the second for them to count as
kept."""

AT_ONCE_SECONDS = 5.0
"""Holders that started within that time of each other count as started together."""


@dataclass(frozen=True)
class Late:
    """The holders that started after the others and hold less because of that."""

    names: list[str]
    since_unix_seconds: float
    """When the first of them started."""
    held: int
    fair: float


@dataclass(frozen=True)
class Inspection:
    """What was seen."""

    rows: Sequence[Held]
    """All holders, those that could not be asked, too; in the order of their start."""
    seconds: float
    """Between the looks."""
    clients: Mapping[str, int]
    """Connections by client, most first."""
    spread: Spread | None
    """Over those that could be asked; None where none could."""
    finding: Finding
    kept_ratio: float | None
    """Part of the first look's connections that lasted; None where there were none."""
    late: Late | None = None
    problems: Sequence[str] = ()
    """What keeps the picture from being whole."""


def inspect(
    looks: Sequence[Held],
    seconds: float,
    owners: Mapping[str, str],
    even_within: float,
    problems: Sequence[str] = (),
) -> Inspection:
    """Judge two looks.

    Args:
        looks: of each holder.
        seconds: between the two.
        owners: whom an address belongs to, where that is known (`looks.by_client`).
        even_within: deviation from the fair share, as a ratio of it, that is too small to matter.
        problems: what keeps the picture from being whole.
    """
    rows = sorted(looks, key=lambda one: (one.holder.started_unix_seconds, one.holder.name))
    asked = [one for one in rows if not one.obstacle]
    clients = dict(by_client(asked, owners).most_common())
    before = sum(one.kept + one.closed for one in asked)
    kept = sum(one.kept for one in asked) / before if before else None
    if not asked:
        return Inspection(rows, seconds, clients, None, Finding.INCOMPLETE, kept, None, problems)
    found = spread({one.holder.name: len(one.peers) for one in asked})
    late = _late(asked, found) if kept is not None and kept >= KEPT_RATIO else None
    finding = find(found, even_within)
    if finding is Finding.UNEVEN and late is not None:
        finding = Finding.PINNED
    return Inspection(
        rows,
        seconds,
        clients,
        found,
        finding,
        kept,
        late if finding is Finding.PINNED else None,
        problems,
    )


def _late(asked: Sequence[Held], found: Spread) -> Late | None:
    """Find those who started after others and hold less than chance gives; None where nobody."""
    started = {one.holder.name: one.holder.started_unix_seconds for one in asked}
    starts = sorted(set(started.values()))
    cuts = [
        start for earlier, start in itertools.pairwise(starts) if start - earlier > AT_ONCE_SECONDS
    ]
    late = behind(found, started, cuts)
    if late is None:
        return None
    held = sum(found.counts[name] for name in late)
    since = min(started[name] for name in late)
    return Late(late, since, held, found.total * len(late) / len(asked))
