"""Which replicas a plot shows one by one, and which together: colours are few, replicas not.

One by one go those that a reader asks about, which have the largest weights. All others are one
band.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from long_lived.lab.report.page.text import clean

MOST_BANDS = 7
"""As many colours as colour-blind readers tell apart (Okabe and Ito, without yellow, which is
faint on white, and with grey for what is put together)."""


@dataclass(frozen=True)
class Band:
    """One area, line or colour of a plot."""

    key: str
    """What it is called in the data of a plot: a name may hold anything."""
    label: str
    names: tuple[str, ...]
    colour: str
    dash: tuple[int, ...] = ()
    """Of its line, so that it can be told without colours."""


DASHES: tuple[tuple[int, ...], ...] = ((), (6, 3), (2, 2), (8, 3, 2, 3), (12, 3), (4, 4), (1, 3))


def bands(
    names: Sequence[str],
    weights: Mapping[str, tuple[float, ...]],
    *,
    what: str = "others",
    first_colour: int = 0,
) -> list[Band]:
    """Divide `names` into bands, in their order; those with the largest weights stand alone."""
    alone = list(names)
    if len(names) > MOST_BANDS:
        heavy = sorted(names, key=lambda name: weights.get(name, (0.0,)), reverse=True)
        chosen = set(heavy[: MOST_BANDS - 1])
        alone = [name for name in names if name in chosen]
    found = [
        Band(
            str(index),
            clean(name),
            (name,),
            colour(first_colour + index),
            DASHES[index % len(DASHES)],
        )
        for index, name in enumerate(alone)
    ]
    rest = tuple(name for name in names if name not in set(alone))
    if rest:
        found.append(Band("rest", f"{len(rest):,} {what}", rest, "var(--rest)", (1, 3)))
    return found


def colour(index: int) -> str:
    """Name the colour of that number: the page says which it is, by day and by night."""
    return f"var(--c{index % MOST_BANDS})"
