"""What an inspection means, in a sentence; its cause in one, and its remedy in one. Pure text."""

from datetime import UTC, datetime

from long_lived.lab.analysis.live.inspection import KEPT_RATIO, Inspection
from long_lived.lab.analysis.power import LEVEL
from long_lived.lab.analysis.verdict import Finding

MOST_NAMES = 3
"""How many holders are named; of more, their number is."""

SHARE_THAT_MATTERS = 0.1
"""Part of the connections from which a client is named as one that holds them."""


def sentence(found: Inspection, now_unix_seconds: float) -> str:
    """Say what was seen: the verdict."""
    spread = found.spread
    if spread is None:
        return "incomplete: none of them could be asked"
    total, count = spread.total, len(spread.counts)
    if found.finding is Finding.TOO_FEW:
        if count == 1:
            return "too few: one holder has nothing to be compared with"
        return (
            f"too few: {total:,} connections over {count} are too few to tell: {spread.needed:,} "
            "would show one with half its share"
        )
    if found.finding is Finding.EVEN:
        if spread.within_chance:
            return f"even: {total:,} connections over {count} are within chance of uniform"
        assert spread.largest is not None, "what is not within chance was counted"
        return (
            f"even: {total:,} connections over {count} are up to {abs(spread.largest.ratio):.1%} "
            "off, more than chance, too little to matter"
        )
    most = max(spread.counts, key=lambda name: spread.counts[name])
    most_words = (
        f"{most} holds {spread.counts[most]:,}, {spread.expected:,.0f} ± "
        f"{spread.standard_deviation:.0f} would be chance"
    )
    if found.late is None:
        return (
            f"uneven: {most_words}, which happens less than once in {1 / LEVEL:,.0f} looks at a "
            "random balancer"
        )
    late = found.late
    return (
        f"pinned: {_listed(late.names)} started later, {since(late.since_unix_seconds)} "
        f"({ago(now_unix_seconds - late.since_unix_seconds)} ago), and "
        f"{'holds' if len(late.names) == 1 else 'hold'} {late.held:,} of {total:,} connections, "
        f"{late.fair:,.0f} would be fair. {most_words}{_to_whom(found)}"
    )


def cause(found: Inspection) -> str:
    """Say why; empty where there is nothing to explain."""
    kept = found.kept_ratio
    if found.finding is Finding.PINNED:
        return (
            f"Connections are kept ({kept or 0:.0%} of them lasted {found.seconds:g} s), and each "
            "was balanced once, when it was opened: those that were open before the later ones "
            "came stay where they are."
        )
    if found.finding is not Finding.UNEVEN:
        return ""
    if kept is not None and kept < KEPT_RATIO:
        return (
            f"Connections are short ({kept:.0%} of them lasted {found.seconds:g} s), so keep-alive "
            "is not the cause: who holds more answers more slowly, or is sent more."
        )
    return (
        "Those that hold less did not start later, so keep-alive alone is not the cause: look at "
        "session affinity, zones and weights, and at who was not ready when clients connected."
    )


def remedy(found: Inspection) -> str:
    """Say what can be done; empty where nothing has to be."""
    if found.finding is not Finding.PINNED:
        return ""
    who = _largest_client(found) or "its clients"
    return (
        f"Give connections a maximum age with jitter, at {who} or at the server, or let something "
        "balance requests (long-lived compare measures both); restarting its clients helps once, "
        "until the next restart here."
    )


def since(unix_seconds: float) -> str:
    """Write a moment, in UTC."""
    return f"{datetime.fromtimestamp(unix_seconds, UTC):%Y-%m-%d %H:%M:%S}Z"


def ago(seconds: float) -> str:
    """Write a time span in its largest unit: 45 s, 12 min, 5 h, 3 d."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"


def _largest_client(found: Inspection) -> str:
    """Name who has most connections; empty where that is too small a part."""
    name, count = next(iter(found.clients.items()), ("", 0))
    return name if count >= SHARE_THAT_MATTERS * sum(found.clients.values()) else ""


def _to_whom(found: Inspection) -> str:
    name = _largest_client(found)
    if not name:
        return ""
    count, total = found.clients[name], sum(found.clients.values())
    if count == total:
        return f". All are {name}'s"
    if 2 * count > total:
        return f". Most are {name}'s: {count:,}"
    return f". The largest client is {name}: {count:,}"


def _listed(names: list[str]) -> str:
    if len(names) > MOST_NAMES:
        return f"{len(names)} of them"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
