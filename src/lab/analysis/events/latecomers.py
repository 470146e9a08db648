"""Is a replica below its share because it came later?

A connection that is kept was balanced among those that served when it was opened. So a replica that
came later has its share of what was opened since, and nothing of what was opened before: that is
what "pinned" means, whatever made it come later (a restart, a roll-out in waves, a scale-up, a
container that was started again). Where many came later and few of the older ones are left, each
of the many lacks only a little, so they are judged together. Where they get as much less than their
share of what was opened since, the older ones are not the reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from long_lived.lab.analysis.distributions import binomial_at_most
from long_lived.lab.analysis.events.change import Change
from long_lived.lab.analysis.history import History
from long_lived.lab.analysis.power import LEVEL, needed
from long_lived.lab.analysis.spread import Spread

SERVICE_LAG_SECONDS = 10.0
"""How long a Service may take to reach a replica that is ready; what is opened until then
says nothing of whether it gets its share. Measured on a cluster: a second or more."""

IDLE_RATIO = 0.1
"""A replica with less than this part of its fair share is called idle."""

AVOIDED_RATIO = 0.5
"""Part of what they lack that they must lack of what was opened since, too, for that to be the
reason."""

DEGREES = ((IDLE_RATIO, "idle"), (0.375, "at a quarter of a fair share"), (0.625, "at half"))


@dataclass(frozen=True)
class Latecomers:
    """The replicas that came later than others, and hold less because of that."""

    replicas: list[str]
    held: int
    ratio: float
    """Of their fair share, all together."""
    opened_since: int
    """Connections that all replicas got since these could get any."""
    got_since: int
    """Those of them that went to these."""
    avoided: bool
    """Whether that is so much less than their share that their coming late is not the reason."""

    @property
    def degree(self) -> str:
        """Say in words how much they hold."""
        for below, words in DEGREES:
            if self.ratio < below:
                return words
        return f"at {self.ratio:.0%} of a fair share"


def latecomers(
    history: History,
    spread: Spread,
    changes: Sequence[Change],
    settled_seconds: float,
) -> Latecomers | None:
    """Find those who came after others and have less than their share; None where nobody has.

    Args:
        history: of the run.
        spread: of the connections held at the end.
        changes: the events, which say who came when; all others were there before.
        settled_seconds: when the connections were counted, in seconds since the clock started.
    """
    came = _came(history, spread.counts, changes)
    found = behind(spread, came, sorted({at for at in came.values() if at >= 0}))
    if found is None:
        return None
    held, fair = sum(spread.counts[name] for name in found), len(found) / len(came)
    ratio = held / (fair * spread.total)
    since = max(came[name] for name in found)
    first = history.bucket_at(since + SERVICE_LAG_SECONDS)
    end = history.bucket_at(settled_seconds)
    opened = {name: history.count("opened", name, first, end) for name in came}
    total, got = sum(opened.values()), sum(opened[name] for name in found)
    avoided = (
        total >= needed(len(came))
        and binomial_at_most(got, total, fair) < LEVEL
        and 1 - got / (fair * total) >= AVOIDED_RATIO * (1 - ratio)
    )
    return Latecomers(found, held, ratio, total, got, avoided)


def behind(spread: Spread, came: Mapping[str, float], cuts: Sequence[float]) -> list[str] | None:
    """Find those who came at one of `cuts` or later and together have less than chance gives.

    Of several such groups the one that chance explains least; None where there is none.
    """
    found = None
    rarest = LEVEL / max(1, len(cuts))
    for cut in cuts:
        late = [name for name, at in came.items() if at >= cut]
        held = sum(spread.counts[name] for name in late)
        chance = binomial_at_most(held, spread.total, len(late) / len(came))
        if chance < rarest:  # never for all of them together
            rarest, found = chance, late
    return found


def _came(
    history: History, names: Mapping[str, int], changes: Sequence[Change]
) -> dict[str, float]:
    """Tell when each replica came, in seconds since the clock started; -1 where it was there."""
    came = dict.fromkeys(names, -1.0)
    for one in changes:
        if one.new in came:
            at = one.ready_unix_seconds
            came[one.new] = history.elapsed_seconds(one.began_unix_seconds if at is None else at)
    return came
