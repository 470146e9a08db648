"""The sentence of a verdict, and the line of evidence under it. Pure text."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from long_lived.lab.analysis.judged import Judged, Unit
from long_lived.lab.analysis.later import Latecomers
from long_lived.lab.analysis.power import LEVEL
from long_lived.lab.analysis.restart_effect import Effect
from long_lived.lab.analysis.spread import Spread
from long_lived.settings import Settings

if TYPE_CHECKING:
    from long_lived.lab.analysis.verdict import Finding


def sentence(
    finding: "Finding",
    found: Judged,
    done: Effect | None,
    late: Latecomers | None,
    settings: Settings,
) -> str:
    """Say what was found and why, in a sentence or two."""
    if finding == "too few":
        return _too_few(found, settings)
    if finding == "pinned" and late is not None:
        return _pinned(found.spread, done, late)
    if finding == "uneven":
        return _uneven(found, done, late)
    return _even(found, done)


def unknown(found: Judged, finding: "Finding", other: "Finding") -> str:
    """Say that too many connections are of nobody knows which replica."""
    return (
        f"{found.unattributed:,} {found.unit} are of unknown replicas (none answered on them): "
        f"with them the finding could be {other} instead of {finding}"
    )


def p_value(spread: Spread) -> str:
    """Write the p-value, or a bound where a float has no more digits for it."""
    return f"p = {spread.p_value:.2g}" if spread.p_value > 1e-300 else "p < 1e-300"


def evidence(found: Judged) -> str:
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


def _too_few(found: Judged, settings: Settings) -> str:
    spread = found.spread
    if len(spread.counts) == 1:
        return "one replica has nothing to be compared with"
    return (
        f"{spread.total:,} {found.unit} over {len(spread.counts)} replicas are too few to tell: "
        f"{spread.needed:,} would show a replica with half its share; {_more(found, settings)}"
    )


def _more(found: Judged, settings: Settings) -> str:
    """Say which setting gives enough."""
    client, spread = settings.client, found.spread
    if found.unit is Unit.HELD:
        # As many of a kept connection's users as make up for what some have not opened.
        users = client.concurrency * client.parallelism
        wanted = -(-spread.needed * users // max(1, spread.total))
        return f"set client.concurrency to {-(-wanted // client.parallelism):,}"
    if client.duration_seconds:
        return "raise client.durationSeconds or client.concurrency"
    return "raise client.requestsPerUser or client.concurrency"


def _even(found: Judged, done: Effect | None) -> str:
    spread = found.spread
    if spread.within_chance:
        what = f"the {found.unit} are within chance of uniform"
    else:
        assert spread.largest is not None, "what is not within chance was counted"
        what = (
            f"the {found.unit} are up to {abs(spread.largest.ratio):.1%} off, more than chance, "
            "too little to matter (experiment.evenWithin)"
        )
    if done is None:
        return what
    if not done.replacements:
        return f"{what} {_again(done)}"
    answered, fair = _answered(done)
    count = len(done.replacements)
    who = "replacement answers" if count == 1 else f"{count} replacements answer"
    return f"{what} {_again(done)}; the {who} {answered:.0%} of the requests, {fair:.0%} is fair"


def _again(done: Effect) -> str:
    if done.too_few_to_tell:
        return "in the end (too few at a time to tell since when)"
    if done.seconds_to_even is None:
        return "on the whole, though not at the very end"
    if not done.seconds_to_even:
        return "all along"
    return f"again {done.seconds_to_even:.1f} s after the first stop"


def _pinned(spread: Spread, done: Effect | None, late: Latecomers) -> str:
    count, replicas = len(late.replicas), len(spread.counts)
    most = max(spread.counts, key=lambda name: spread.counts[name])
    fair = count / replicas * spread.total
    text = (
        f"{count} of {replicas} replicas came later and {'is' if count == 1 else 'are'} "
        f"{late.degree}: {'it holds' if count == 1 else 'they hold'} {late.held:,} of "
        f"{spread.total:,} connections, {fair:,.0f} would be fair, because others hold what was "
        f"opened before. {most} holds {spread.counts[most]:,}, "
        f"{spread.expected:,.0f} ± {spread.standard_deviation:.0f} would be chance"
    )
    if done is not None and done.survivors and done.orphaned:
        text += (
            f". Of the {done.orphaned:,} connections of the replaced replicas "
            f"{done.inherited:,} went to {_listed(done.survivors)}"
        )
        moved = done.moved or 0
        text += (
            ", and none has moved since"
            if not moved
            else f", and {moved:,} {'has' if moved == 1 else 'have'} moved since"
        )
    return f"{text}. Not even again within this run"


def _uneven(found: Judged, done: Effect | None, late: Latecomers | None) -> str:
    spread = found.spread
    most = max(spread.counts, key=lambda name: spread.counts[name])
    verb = {Unit.HELD: "holds", Unit.OPENED: "got", Unit.ANSWERED: "answered"}[found.unit]
    text = (
        f"{most} {verb} {spread.counts[most] / spread.total:.0%} of the {found.unit}; "
        f"chance does that less than once in {1 / LEVEL:,.0f} runs"
    )
    if late is not None and late.avoided:
        return (
            f"{text}. Keep-alive alone does not explain it: of {late.opened_since:,} connections "
            f"opened since {_listed(late.replicas)} came, {late.got_since:,} went there. Is it in "
            "the Service?"
        )
    if found.unit is Unit.OPENED:
        text += ". Each request had a connection of its own, so keep-alive is not the cause"
    return text if done is None else f"{text}. Not even again within this run"


def _answered(done: Effect) -> tuple[float, float]:
    """Return the share of the answers that the replacements gave in the end, and the fair one."""
    last = done.phases[-1]
    answered = sum(row.answered_ratio for row in last.rows if row.replica in done.replacements)
    return answered, len(done.replacements) / len(done.crew)


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names) if len(names) <= 2 else f"{len(names)} replicas"
