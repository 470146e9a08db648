"""How long a replica waits before an answer. The Go server (delay.go) draws alike."""

import random
import re

from long_lived.settings.sections.server import Delay

HEADER = "Long-Lived-Draw"
"""Request header with which a client draws instead, so that runs with one seed wait alike: a
decimal from 0, the shortest delay, to 1, the longest."""

ENVIRON = "HTTP_" + HEADER.upper().replace("-", "_")
"""Where WSGI has that header. Source: PEP 3333, "environ Variables"."""

_DRAW = re.compile(r"0(\.[0-9]{1,17})?|1(\.0{1,17})?")


def delay_seconds(delay: Delay, given: str | None) -> float:
    """Draw a delay; a draw that the client has `given` decides, anything else is ignored."""
    draw = float(given) if given is not None and _DRAW.fullmatch(given) else random.random()
    return delay.min_seconds + draw * (delay.max_seconds - delay.min_seconds)
