"""The line of evidence under a verdict: what was counted, and what that can show. Pure text."""

from long_lived.lab.analysis.judged import Judged, Unit
from long_lived.lab.analysis.spread import Spread


def p_value(spread: Spread) -> str:
    """Write the p-value, or a bound where a float has no more digits for it."""
    return f"p = {spread.p_value:.2g}" if spread.p_value > 1e-300 else "p < 1e-300"


def evidence_of(found: Judged) -> str:
    """Say in a line what was counted, and what that can show."""
    spread = found.spread
    when = (
        f"at {found.end_seconds:.1f} s"
        if found.unit is Unit.HELD
        else f"from {found.start_seconds:.1f} to {found.end_seconds:.1f} s"
    )
    parts = [f"{spread.total:,} {found.unit} {when}"]
    if len(spread.counts) > 1:
        parts.append(p_value(spread))
    if spread.largest is not None and len(spread.counts) > 1:
        far = spread.largest
        parts.append(
            f"furthest off: {far.replica} {far.ratio:+.0%} ({far.low:+.0%} to {far.high:+.0%})"
        )
    least = spread.noticeable
    if least is None:
        parts.append("not even an idle replica would surely have been noticed")
    else:
        parts.append(f"noticed 9 times in 10: one replica {least:.0%} below its share")
    if found.unit is Unit.ANSWERED:
        parts.append("judged by requests, which something in between balances")
    return "; ".join(parts)
