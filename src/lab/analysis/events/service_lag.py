"""How long after it was ready the Service sent a new replica anything.

A new replica is opened to as soon as the Service knows of it and a client opens something that
falls to it. The longer nothing does, the less likely that is chance: a silence counts as the
Service's where the replica's share of what was opened meanwhile makes it rarer than `LEVEL`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from long_lived.lab.analysis.events.change import Change
from long_lived.lab.analysis.history import History
from long_lived.lab.analysis.power import LEVEL


@dataclass(frozen=True)
class ServiceLag:
    """One new replica's time without connections."""

    replica: str
    seconds: float
    """From the moment at which it was ready until the first connection."""
    told: bool
    """Whether enough was opened meanwhile to tell; otherwise the lag may have been shorter."""


def service_lags(
    history: History, changes: Sequence[Change], replicas: int
) -> tuple[ServiceLag, ...]:
    """Measure the lag of each replica that came, in order; one that got nothing has none.

    Args:
        history: of the run.
        changes: the events.
        replicas: how many serve afterwards.
    """
    found = []
    for one in changes:
        if not one.new or one.ready_unix_seconds is None or one.inferred:
            continue
        ready = history.bucket(one.ready_unix_seconds)
        opened = history.counts("opened", one.new)
        first = next((at for at in range(ready, history.buckets) if opened[at]), None)
        if first is None:
            continue
        missed = sum(history.by_key("opened", ready, first).values()) / replicas
        # It fell into that bucket, nobody knows where.
        opened_at = history.unix_seconds(first) + history.bucket_seconds / 2
        seconds = max(0.0, opened_at - one.ready_unix_seconds)
        found.append(ServiceLag(one.new, round(seconds, 3), missed >= -math.log(LEVEL)))
    return tuple(found)
