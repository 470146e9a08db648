"""What a run showed, in one word, in a sentence, and against what was expected.

Pure: decides on the merged summary and the names of the replicas, reads nothing else.
The rule, with its reasons and how often it is wrong, is in docs/verdict.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from long_lived.lab.analysis import words
from long_lived.lab.analysis.accounts import Accounts, accounts
from long_lived.lab.analysis.history import History
from long_lived.lab.analysis.judged import Judged, Unit, judged, unit_of
from long_lived.lab.analysis.later import Latecomers, latecomers
from long_lived.lab.analysis.replacement import Replacement
from long_lived.lab.analysis.restart_effect import Effect, effect
from long_lived.lab.analysis.spread import Spread, spread
from long_lived.lab.analysis.starts import restarts_in_place

PROXIED_RATIO = 0.01
"""Part of the reused connections that several pods must have answered for something in between to
count as one that balances requests; without one there is none at all."""

ROUNDING = 1e-9
"""What a ratio may be off in its last digits: 102 of 300 is exactly 2 % above a third."""


class Finding(StrEnum):
    """What a run showed."""

    EVEN = "even"
    """Within chance of uniform, with the power to tell; or off by too little to matter."""
    UNEVEN = "uneven"
    """Neither, and no replica came later than what others hold."""
    PINNED = "pinned"
    """Neither, and a replica that came later has less: others hold what was opened before."""
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
    evidence: str = ""
    """In a line: what was counted, how many, when, and what it can show."""
    judged: Judged | None = None
    effect: Effect | None = None
    accounts: Accounts | None = None
    events: tuple[Replacement, ...] = ()
    """What was stopped and what came in its place: what the lab knew, and what was found."""


def judge(
    summary: dict[str, Any] | None,
    replicas: Sequence[str],
    problems: Sequence[str] = (),
    replacements: Sequence[Replacement] = (),
    *,
    server_counts: Mapping[str, Mapping[str, Any]] | None = None,
    uncertainty_seconds: float = 0.0,
) -> Verdict:
    """Judge a run.

    Args:
        summary: what `client.summary.merge` returned; None where no client left any.
        replicas: names of all replicas that served, also of those that answered nothing.
        problems: what the lab saw go wrong; any makes the run incomplete.
        replacements: the replicas that were restarted; those that restarted in place are found.
        server_counts: what the replicas say of themselves, as far as they could be asked.
        uncertainty_seconds: how far the clients' clocks may be off the lab's.
    """
    if summary is None:
        why = "; ".join(problems) or "the run was stopped before the clients started"
        return Verdict(Finding.INCOMPLETE, False, f"incomplete: {why}")
    history = history_of(summary)
    events = [*replacements, *_in_place(summary, history, replacements)]
    names = _names(summary, replicas, events)
    unit = unit_of(history, proxied=is_proxied(summary))
    done = effect(history, names, events, unit, uncertainty_seconds)
    told = accounts(summary, server_counts or {}, history.failures(0, history.buckets))
    known: dict[str, Any] = {"effect": done, "accounts": told, "events": tuple(events)}
    reasons = [*problems, *_shortcomings(summary, done, told)]
    if done is not None and not done.finished:
        reasons.append("the run ended before all replacements were ready")
    crew = names if done is None else done.crew
    if not crew or (done is not None and not done.finished):
        why = "; ".join(reasons or ["no replica is known"])
        return Verdict(Finding.INCOMPLETE, False, f"incomplete: {why}", **known)
    within = float(summary["settings"]["experiment"]["evenWithin"])
    found = judged(history, unit, crew, done.end_bucket if done else None, within)
    late = (
        latecomers(history, found.spread, events, found.end_seconds) if unit is Unit.HELD else None
    )
    finding = find(found.spread, within, late)
    if not reasons and (other := _could_be(found, within)) is not None:
        reasons.append(words.unknown(found, finding, other))
    evidence = words.evidence(found)
    if reasons:
        why = f"incomplete: {'; '.join(reasons)}"
        return Verdict(Finding.INCOMPLETE, False, why, evidence, found, **known)
    expect = summary["settings"]["experiment"]["expect"]
    passed = expect in ("any", finding)
    match = "" if expect == "any" else ", as expected" if passed else f", but {expect} was expected"
    sentence = words.sentence(finding, found, done, late, summary["settings"])
    return Verdict(finding, passed, f"{finding}{match}: {sentence}", evidence, found, **known)


def find(found: Spread, even_within: float, late: Latecomers | None = None) -> Finding:
    """Name what a spread is; `late` are those who came later and have less."""
    if found.within_chance:
        return Finding.EVEN if found.enough else Finding.TOO_FEW
    if found.largest is not None and abs(found.largest.ratio) <= even_within + ROUNDING:
        return Finding.EVEN
    return Finding.PINNED if late is not None and not late.avoided else Finding.UNEVEN


def history_of(summary: dict[str, Any]) -> History:
    """Return the timeline of a summary, by the clock of its clients."""
    started = datetime.fromisoformat(summary["started"]).timestamp()
    return History(summary["timeline"], started)


def is_proxied(summary: Mapping[str, Any]) -> bool:
    """Tell whether something between client and servers balances each request."""
    connections = summary["connections"]
    several, reused = connections["several_pods"], connections["reused"]
    return bool(several) and several >= PROXIED_RATIO * reused


def _in_place(
    summary: Mapping[str, Any], history: History, replacements: Sequence[Replacement]
) -> list[Replacement]:
    told = {one.new for one in replacements if one.in_place}
    came = {one.new for one in replacements if one.new}
    pods = {name: pod for name, pod in summary["pods"].items() if name not in told}
    return restarts_in_place(pods, history.started_unix_seconds, came)


def _names(
    summary: Mapping[str, Any], replicas: Sequence[str], events: Sequence[Replacement]
) -> list[str]:
    """List all replicas: those that are known, those that came, and those only the clients know."""
    new = [one.new for one in events if one.new]
    return list(dict.fromkeys([*replicas, *new, *sorted(summary["pods"])]))


def _could_be(found: Judged, even_within: float) -> Finding | None:
    """Tell what else the finding could be if one knew whose the unattributed connections are.

    They are given to the replica that has most, and to the one that has fewest; None where either
    way is the same.
    """
    counts, known = found.spread.counts, find(found.spread, even_within)
    for choose in (max, min):
        name = choose(counts, key=lambda one: counts[one])
        guess = find(spread({**counts, name: counts[name] + found.unattributed}), even_within)
        if guess is not known:
            return guess
    return None


def _shortcomings(summary: dict[str, Any], done: Effect | None, told: Accounts | None) -> list[str]:
    requests = summary["requests"]
    planned, failed = requests["planned"], requests["failed"]
    most_failed = summary["settings"]["experiment"]["maxFailedRatio"]
    later = failed - (done.excused if done else 0)
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
        when = ", not counting those at the restart" if done else ""
        reasons.append(
            f"{later:,} of {planned:,} requests failed{when} ({kinds}), more than "
            f"experiment.maxFailedRatio = {most_failed:g} allows"
        )
    if told is not None and told.unexplained:
        reasons.append(
            f"{told.unexplained:,} answers are in the servers' counts or in the clients', and no "
            "failed request explains the difference"
        )
    return reasons
