"""What a run showed, in one word, in a sentence, and against what was expected.

Pure: decides on the merged summary and the names of the replicas, reads nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from long_lived.lab.aftermath import Aftermath, aftermath
from long_lived.lab.history import History
from long_lived.lab.phases import PhaseName
from long_lived.lab.replacement import Replacement
from long_lived.lab.statistics import LEVEL, Spread, spread

IDLE_RATIO = 0.1
"""A replica that answers less than this part of its fair share is called idle."""


class Finding(StrEnum):
    """What a run showed."""

    EVEN = "even"
    """The connections are within chance of uniform."""
    UNEVEN = "uneven"
    """They are not, and no restart explains it."""
    PINNED = "pinned"
    """A restarted replica gets far less than its share: connections outlived the restart."""
    TOO_FEW = "too few"
    """Too few connections to tell."""
    INCOMPLETE = "incomplete"
    """The run did not do what was planned: nothing can be concluded."""


@dataclass(frozen=True)
class Verdict:
    """The finding, why, and whether it is the expected one."""

    finding: Finding
    passed: bool
    words: str
    spread: Spread | None = None
    """Of the connections that the finding is about: all that were opened, or, after a restart,
    those held at the end of the load."""
    aftermath: Aftermath | None = None


def judge(
    summary: dict[str, Any] | None,
    replicas: Sequence[str],
    problems: Sequence[str] = (),
    replacements: Sequence[Replacement] = (),
) -> Verdict:
    """Judge a run.

    Args:
        summary: what `client.summary.merge` returned; None where no client left any.
        replicas: names of all replicas that served, also of those that answered nothing.
        problems: what the lab saw go wrong; any makes the run incomplete.
        replacements: the replicas that were restarted.
    """
    if summary is None:
        why = "; ".join(problems) or "the run was stopped before the clients started"
        return Verdict(Finding.INCOMPLETE, False, f"incomplete: {why}")
    new = [one.new for one in replacements if one.new and one.new not in replicas]
    opened = connections_opened(summary, [*replicas, *new])
    after = aftermath(history_of(summary), list(opened), replacements)
    # Judged are the replicas that serve at the end, by what they hold; else all, by what they got.
    found = spread(opened) if opened else None
    reasons = [*problems, *_shortcomings(summary, after)]
    if after is not None:
        last = after.phase(PhaseName.AFTER)
        found = last.spread if last else None
        if last is None:
            reasons.append("the run ended before all replacements were ready")
    if found is None or reasons:
        why = "; ".join(reasons or ["no replica is known"])
        return Verdict(Finding.INCOMPLETE, False, f"incomplete: {why}", found, after)
    finding, words = _of_spread(found, after)
    expect = summary["settings"]["experiment"]["expect"]
    passed = expect in ("any", finding)
    match = "" if expect == "any" else ", as expected" if passed else f", but {expect} was expected"
    return Verdict(finding, passed, f"{finding}{match}: {words}", found, after)


def history_of(summary: dict[str, Any]) -> History:
    """Return the timeline of a summary, by the clock of its clients."""
    started = datetime.fromisoformat(summary["started"]).timestamp()
    return History(summary["timeline"], started)


def connections_opened(summary: dict[str, Any], replicas: Sequence[str]) -> dict[str, int]:
    """Count the connections that each replica got, with 0 for those that got none."""
    pods = summary["pods"]
    names = [*replicas, *sorted(set(pods) - set(replicas))]
    return {name: pods[name]["connections_opened"] if name in pods else 0 for name in names}


def _shortcomings(summary: dict[str, Any], after: Aftermath | None) -> list[str]:
    requests = summary["requests"]
    planned, failed = requests["planned"], requests["failed"]
    most_failed = summary["settings"]["experiment"]["maxFailedRatio"]
    later = failed - (after.failed_during if after else 0)
    reasons = []
    if summary["problem"]:
        reasons.append(summary["problem"])
    if summary["stopped_by"]:
        reasons.append(f"a client was stopped by {summary['stopped_by']}")
    if planned != requests["answered"] + failed:
        reasons.append(
            f"{planned:,} planned are not {requests['answered']:,} answered + {failed:,} failed"
        )
    if not requests["answered"]:
        reasons.append("no request was answered")
    elif later > most_failed * planned:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in requests["failed_by_kind"].items())
        when = ", not counting those at the restart" if after else ""
        reasons.append(
            f"{later:,} of {planned:,} requests failed{when} ({kinds}), more than "
            f"experiment.maxFailedRatio = {most_failed:g} allows"
        )
    return reasons


def _of_spread(found: Spread, after: Aftermath | None) -> tuple[Finding, str]:
    replicas = len(found.counts)
    if replicas == 1:
        return Finding.TOO_FEW, "one replica has nothing to be compared with"
    if not found.enough:
        return Finding.TOO_FEW, (
            f"{found.total} connections over {replicas} replicas are too few connections to tell"
        )
    if after is not None and after.pinned:
        return Finding.PINNED, _pinned_words(found, after)
    if found.within_chance:
        return Finding.EVEN, _even_words(after)
    most = max(found.counts, key=lambda name: found.counts[name])
    verb = "holds" if after else "got"
    return Finding.UNEVEN, (
        f"{most} {verb} {found.counts[most] / found.total:.0%} of the connections; "
        f"chance does that less than once in {1 / LEVEL:.0f} runs"
    )


def _even_words(after: Aftermath | None) -> str:
    if after is None:
        return "the connections are within chance of uniform"
    if after.seconds_to_even is None:
        when = "on the whole, though not at the very end"
    elif not after.seconds_to_even:
        when = "at once"
    else:
        when = f"{after.seconds_to_even:.1f} s after the first stop"
    answered, fair = _answered(after, after.replacements)
    return (
        f"the connections were within chance of uniform again {when}; the "
        f"{_replacements(after)} {answered:.0%} of the requests, {fair:.0%} is fair"
    )


def _pinned_words(found: Spread, after: Aftermath) -> str:
    last = after.phase(PhaseName.AFTER)
    assert last is not None, "a run without the phase after is incomplete"
    fair = 1 / len(found.counts)
    share = {row.replica: row.answered_ratio for row in last.rows}
    idle = [name for name in after.replacements if share[name] < IDLE_RATIO * fair]
    most = max(found.counts, key=lambda name: found.counts[name])
    words = f"{most} answers {share[most]:.0%} of the requests"
    if idle:
        verb = "is" if len(idle) == 1 else "are"
        words += f": {len(idle)} of {len(found.counts)} replicas {verb} idle"
    else:
        answered, fair_share = _answered(after, after.replacements)
        words += f", the {_replacements(after)} {answered:.0%} instead of {fair_share:.0%}"
    verb = "holds" if after.kept else "got"
    words += (
        f". It {verb} {found.counts[most]:,} of {found.total:,} connections, "
        f"{found.expected:,.0f} ± {found.standard_deviation:.0f} would be chance"
    )
    if after.kept and after.survivors and after.orphaned:
        words += (
            f". Of the {after.orphaned:,} connections of the replaced replicas "
            f"{after.inherited:,} went to {_names(after.survivors)}"
        )
        words += (
            ", and none has moved since"
            if not after.moved
            else f", and {after.moved:,} {'has' if after.moved == 1 else 'have'} moved since"
        )
    return f"{words}. Not even again within this run"


def _answered(after: Aftermath, names: Sequence[str]) -> tuple[float, float]:
    """Return the share of the answers that `names` gave in the end, and their fair share."""
    last = after.phase(PhaseName.AFTER)
    assert last is not None, "a run without the phase after is incomplete"
    assert last.spread is not None, "the phase after has a spread"
    answered = sum(row.answered_ratio for row in last.rows if row.replica in names)
    return answered, len(names) / len(last.spread.counts)


def _replacements(after: Aftermath) -> str:
    count = len(after.replacements)
    return "replacement answers" if count == 1 else f"{count} replacements answer"


def _names(names: Sequence[str]) -> str:
    return " and ".join(names) if len(names) <= 2 else f"the {len(names)} survivors"
