"""The sentence of a verdict. Pure text."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from long_lived.lab.analysis.events.effect import Effect
from long_lived.lab.analysis.events.kind import Kind
from long_lived.lab.analysis.events.latecomers import Latecomers
from long_lived.lab.analysis.judged import Judged, Unit
from long_lived.lab.analysis.power import LEVEL
from long_lived.lab.analysis.spread import Spread
from long_lived.settings import Settings

if TYPE_CHECKING:
    from long_lived.lab.analysis.verdict import Finding


WHO = {
    Kind.SCALE_UP: ("new replica", "new replicas"),
    Kind.IN_PLACE: ("restarted replica", "restarted replicas"),
}
"""What those that came are called, where they did not take the place of others."""


def sentence_of(
    finding: "Finding",
    judged: Judged,
    effect: Effect | None,
    latecomers: Latecomers | None,
    settings: Settings,
) -> str:
    """Say what was seen and why, in a sentence or two."""
    if finding == "too few":
        return _too_few(judged, settings)
    if finding == "pinned" and latecomers is not None:
        return _pinned(judged.spread, effect, latecomers)
    if finding == "uneven":
        return _uneven(judged, effect, latecomers)
    return _even(judged, effect)


def unattributed(judged: Judged, finding: "Finding", other: "Finding") -> str:
    """Say that too many connections belong to no known replica."""
    return (
        f"{judged.unattributed:,} {judged.unit} belong to unknown replicas (none answered on them)"
        f": with them the finding could be {other} instead of {finding}"
    )


def _too_few(judged: Judged, settings: Settings) -> str:
    spread = judged.spread
    if len(spread.counts) == 1:
        if not settings.server.enabled and settings.server.replicas is None:
            return (
                "one replica gave all answers, and nobody knows how many there are: set "
                "server.replicas, or look (long-lived inspect)"
            )
        return "one replica has nothing to be compared with"
    return (
        f"{spread.total:,} {judged.unit} over {len(spread.counts)} replicas are too few to tell: "
        f"{spread.needed:,} would show a replica with half its share; {_more(judged, settings)}"
    )


def _more(judged: Judged, settings: Settings) -> str:
    """Say which setting gives enough."""
    client, spread = settings.client, judged.spread
    if judged.unit is Unit.HELD:
        # As many of a kept connection's users as make up for what some have not opened.
        users = client.concurrency * client.parallelism
        wanted = -(-spread.needed * users // max(1, spread.total))
        return f"set client.concurrency to {-(-wanted // client.parallelism):,}"
    if client.duration_seconds:
        return "raise client.durationSeconds or client.concurrency"
    return "raise client.requestsPerUser or client.concurrency"


def _even(judged: Judged, effect: Effect | None) -> str:
    spread = judged.spread
    if spread.within_chance:
        what = f"the {judged.unit} are within chance of uniform"
    else:
        assert spread.largest is not None, "what is not within chance was counted"
        what = (
            f"the {judged.unit} are up to {abs(spread.largest.ratio):.1%} off, more than chance, "
            "too little to matter (experiment.evenWithin)"
        )
    if effect is None:
        return what
    if not effect.came:
        return f"{what} {_again(effect)}{_left(judged, effect)}"
    answered, fair = _answered(effect)
    one, several = WHO.get(effect.kind, ("replacement", "replacements"))
    count = len(effect.came)
    who = f"{one} answers" if count == 1 else f"{count} {several} answer"
    return f"{what} {_again(effect)}; the {who} {answered:.0%} of the requests, {fair:.0%} is fair"


def _left(judged: Judged, effect: Effect) -> str:
    """Say where the connections of those that went for good are now."""
    if judged.unit is not Unit.HELD or not effect.orphaned:
        return ""
    went, left = len(effect.stopped), len(effect.survivors)
    return (
        f"; of the {effect.orphaned:,} connections of the {went} that went for good "
        f"{effect.inherited:,} were opened anew on the {left} left"
    )


def _again(effect: Effect) -> str:
    if effect.too_few_to_tell:
        return "in the end (too few at a time to tell since when)"
    if effect.seconds_to_even is None:
        return "on the whole, though not at the very end"
    if not effect.seconds_to_even:
        return "all along"
    return f"again {effect.seconds_to_even:.1f} s after the event began"


def _pinned(spread: Spread, effect: Effect | None, latecomers: Latecomers) -> str:
    count, replicas = len(latecomers.replicas), len(spread.counts)
    most = max(spread.counts, key=lambda name: spread.counts[name])
    fair = count / replicas * spread.total
    kind = None if effect is None else effect.kind
    fullest = (
        f"{most} holds {spread.counts[most]:,}, "
        f"{spread.expected:,.0f} ± {spread.standard_deviation:.0f} would be chance"
    )
    if kind is Kind.SCALE_UP:
        return (
            f"{count} new {'replica' if count == 1 else 'replicas'} got {latecomers.held:,} of "
            f"{spread.total:,} connections, {fair:,.0f} would be fair: a scale-up moves nothing "
            f"that is kept. {fullest}. Not even again within this run"
        )
    if effect is not None and kind is Kind.ROLLOUT and len(effect.came) > 1:
        return f"{_in_turn(spread, effect.came)}. Not even again within this run"
    came = "came later"
    if kind is Kind.IN_PLACE:
        came = f"restarted under {'its name' if count == 1 else 'their names'}"
    text = (
        f"{count} of {replicas} replicas {came} and {'is' if count == 1 else 'are'} "
        f"{latecomers.degree}: {'it holds' if count == 1 else 'they hold'} {latecomers.held:,} of "
        f"{spread.total:,} connections, {fair:,.0f} would be fair, because others hold what was "
        f"opened before. {fullest}"
    )
    if effect is not None and effect.survivors and effect.orphaned:
        text += (
            f". Of the {effect.orphaned:,} connections of the stopped replicas "
            f"{effect.inherited:,} went to {_listed(effect.survivors)}"
        )
        moved = effect.moved or 0
        text += (
            ", and none has moved since"
            if not moved
            else f", and {moved:,} {'has' if moved == 1 else 'have'} moved since"
        )
    return f"{text}. Not even again within this run"


def _in_turn(spread: Spread, came: Sequence[str]) -> str:
    """Say what the first and the last of the new replicas hold, after all were replaced."""
    first, last = came[0], came[-1]
    return (
        f"all {len(came)} replicas were replaced in turn: {first}, ready first, holds "
        f"{spread.counts[first]:,} of {spread.total:,} connections, {last}, ready last, "
        f"{spread.counts[last]:,}, {spread.expected:,.0f} ± {spread.standard_deviation:.0f} would "
        "be chance: each gets only what is opened after it came"
    )


def _uneven(judged: Judged, effect: Effect | None, latecomers: Latecomers | None) -> str:
    spread = judged.spread
    most = max(spread.counts, key=lambda name: spread.counts[name])
    verb = {Unit.HELD: "holds", Unit.OPENED: "got", Unit.ANSWERED: "answered"}[judged.unit]
    text = (
        f"{most} {verb} {spread.counts[most] / spread.total:.0%} of the {judged.unit}; "
        f"chance does that less than once in {1 / LEVEL:,.0f} runs"
    )
    if latecomers is not None and latecomers.avoided:
        return (
            f"{text}. Keep-alive alone does not explain it: of {latecomers.opened_since:,} "
            f"connections opened since {_listed(latecomers.replicas)} came, "
            f"{latecomers.got_since:,} went there. Is the Service the reason?"
        )
    if judged.unit is Unit.OPENED:
        text += ". Each request had a connection of its own, so keep-alive is not the cause"
    return text if effect is None else f"{text}. Not even again within this run"


def _answered(effect: Effect) -> tuple[float, float]:
    """Return the share of the answers that the new replicas gave in the end, and the fair one."""
    last = effect.phases[-1]
    answered = sum(row.answered_ratio for row in last.rows if row.replica in effect.came)
    return answered, len(effect.came) / len(effect.crew)


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names) if len(names) <= 2 else f"{len(names)} replicas"
