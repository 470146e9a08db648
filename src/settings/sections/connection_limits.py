"""When a connection is retired although it could be kept: the same limits for both sides."""

import math
from collections.abc import Callable
from typing import Annotated, NamedTuple

from pydantic import Field

from long_lived.settings.sections.section import Seconds, Section


class Lifetime(NamedTuple):
    """What one connection may do before it is retired."""

    requests: float
    """Most requests; infinite where there is no limit."""
    age_seconds: float
    """Longest age, in seconds; infinite where there is no limit."""


ENDLESS = Lifetime(math.inf, math.inf)
"""That of a connection without limits."""


class ConnectionLimits(Section):
    """How long a kept connection lives."""

    max_requests: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """Requests after which a connection is closed and replaced. 0 means no limit."""

    max_age_seconds: Seconds = 0
    """Age at which a connection is closed and replaced, in seconds since it was opened, once it
    carries no request. 0 means no limit."""

    jitter_ratio: Annotated[float, Field(ge=0, le=1)] = 0.2
    """Each connection's own limits lie between (1 - jitterRatio) and (1 + jitterRatio) times
    maxRequests and maxAgeSeconds, drawn at random, so that connections of one age do not all end
    at once."""

    @property
    def limited(self) -> bool:
        """Whether there is any limit."""
        return self.max_requests > 0 or self.max_age_seconds > 0

    def lifetime(self, uniform: Callable[[float, float], float]) -> Lifetime:
        """Draw the limits of one connection, if there are any; `uniform` is as random.uniform."""
        if not self.limited:
            return ENDLESS
        factor = uniform(1 - self.jitter_ratio, 1 + self.jitter_ratio)
        return Lifetime(
            max(1, round(self.max_requests * factor)) if self.max_requests else math.inf,
            self.max_age_seconds * factor if self.max_age_seconds else math.inf,
        )
