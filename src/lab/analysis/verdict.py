"""What a run showed, in one word, in a sentence, and against what was expected.

Pure: decides on the merged summary and the names of the replicas, reads nothing else.
The rule, with its reasons and how often it is wrong, is in docs/verdict.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from long_lived.lab.analysis.accounts import Accounts, accounts
from long_lived.lab.analysis.events.change import Change
from long_lived.lab.analysis.events.effect import Effect, effect
from long_lived.lab.analysis.events.latecomers import Latecomers, latecomers
from long_lived.lab.analysis.events.restarts_in_place import restarts_in_place
from long_lived.lab.analysis.evidence import evidence_of
from long_lived.lab.analysis.history import History
from long_lived.lab.analysis.judged import Judged, Unit, judged, unit_of
from long_lived.lab.analysis.sentence import sentence_of, unattributed
from long_lived.lab.analysis.spread import Spread, spread
from long_lived.record.replica_counts import ReplicaCounts
from long_lived.record.summary import Summary

PROXIED_RATIO = 0.01
"""Part of the reused connections that several pods must have answered for something in between to
count as balancing requests; without anything in between there are none at all."""

MOST_NAMED_ANYWAY, MOST_NAMES_RATIO = 20, 0.5
"""Names of replicas, as a part of the answers, from which on they are no names of replicas but
something that each answer has anew; a few may be in any run."""

ROUNDING = 1e-9
"""What a ratio may be off in its last digits: 102 of 300 is exactly 2 % above a third."""


class Finding(StrEnum):
    """What a run showed."""

    EVEN = "even"
    """Within chance of uniform, with the power to tell; or off by too little to matter."""
    UNEVEN = "uneven"
    """Neither, and no replica came after what the others hold was opened."""
    PINNED = "pinned"
    """Neither, and a replica that came later has less: others hold what was opened before."""
    TOO_FEW = "too few"
    """Too few connections to tell."""
    NOT_JUDGED = "not judged"
    """Answers name nobody, so there is no spread."""
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
    events: tuple[Change, ...] = ()
    """What was stopped and what came in its place: what the lab knew, and what was found."""


def judge(
    summary: Summary | None,
    replicas: Sequence[str],
    problems: Sequence[str] = (),
    changes: Sequence[Change] = (),
    *,
    server_counts: Mapping[str, ReplicaCounts] | None = None,
    uncertainty_seconds: float = 0.0,
) -> Verdict:
    """Judge a run.

    Args:
        summary: of all clients (`record.merge`); None where no client left any.
        replicas: names of all replicas that served, also of those that answered nothing.
        problems: what the lab saw go wrong; any makes the run incomplete.
        changes: what was stopped and what came; replicas that restarted in place are found.
        server_counts: what the replicas say of themselves, as far as they could be asked.
        uncertainty_seconds: how far the clients' clocks may be off the lab's.
    """
    if summary is None:
        why = "; ".join(problems) or "the run was stopped before the clients started"
        return Verdict(Finding.INCOMPLETE, False, f"incomplete: {why}")
    history = history_of(summary)
    if summary.settings.client.target.names_nobody:
        return _not_judged(summary, [*problems, *_shortcomings(summary, None, None)])
    events = [*changes, *_in_place(summary, history, changes)]
    names = _names(summary, replicas, events)
    unit = unit_of(history, proxied=is_proxied(summary))
    event_effect = effect(history, names, events, unit, uncertainty_seconds)
    both_sides = accounts(summary, server_counts or {}, history.failures(0, history.buckets))
    incomplete = Verdict(
        Finding.INCOMPLETE,
        False,
        "incomplete",
        effect=event_effect,
        accounts=both_sides,
        events=tuple(events),
    )
    reasons = [*problems, *_shortcomings(summary, event_effect, both_sides)]
    if event_effect is not None and not event_effect.finished:
        reasons.append("the run ended before the event was over")
    crew = names if event_effect is None else event_effect.crew
    if not crew or (event_effect is not None and not event_effect.finished):
        why = "; ".join(reasons or ["no replica is known"])
        return replace(incomplete, words=f"incomplete: {why}")
    within = summary.settings.experiment.even_within
    found = judged(history, unit, crew, event_effect.end_bucket if event_effect else None, within)
    late = (
        latecomers(history, found.spread, events, found.end_seconds) if unit is Unit.HELD else None
    )
    finding = find(found.spread, within, late)
    if not reasons and (other := _could_be(found, within)) is not None:
        reasons.append(unattributed(found, finding, other))
    judged_run = replace(incomplete, evidence=evidence_of(found), judged=found)
    if reasons:
        return replace(judged_run, words=f"incomplete: {'; '.join(reasons)}")
    expect = summary.settings.experiment.expect
    passed, match = as_expected(finding, expect)
    sentence = sentence_of(finding, found, event_effect, late, summary.settings)
    words = f"{finding}{match}: {sentence}"
    return replace(judged_run, finding=finding, passed=passed, words=words)


def _not_judged(summary: Summary, reasons: Sequence[str]) -> Verdict:
    """Return the verdict of a run whose answers name nobody."""
    if reasons:
        return Verdict(Finding.INCOMPLETE, False, f"incomplete: {'; '.join(reasons)}")
    words = (
        "not judged: answers name no replica (client.target.identity = none), so nobody knows "
        "here who holds the connections: --inspect looks"
    )
    return Verdict(Finding.NOT_JUDGED, summary.settings.experiment.expect == "any", words)


def as_expected(finding: Finding, expect: str) -> tuple[bool, str]:
    """Tell whether a finding is the expected one, and how that is said behind it."""
    passed = expect in ("any", finding)
    if expect == "any":
        return passed, ""
    return passed, ", as expected" if passed else f", but {expect} was expected"


def find(found: Spread, even_within: float, late: Latecomers | None = None) -> Finding:
    """Name what a spread is; `late` are those who came later and have less."""
    if found.within_chance:
        return Finding.EVEN if found.enough else Finding.TOO_FEW
    if found.largest is not None and abs(found.largest.ratio) <= even_within + ROUNDING:
        return Finding.EVEN
    return Finding.PINNED if late is not None and not late.avoided else Finding.UNEVEN


def history_of(summary: Summary) -> History:
    """Return the timeline of a summary, by the clock of its clients."""
    return History(summary.timeline, summary.started_unix_seconds)


def is_proxied(summary: Summary) -> bool:
    """Tell whether each request is balanced: by something in between, or by the client itself."""
    if summary.settings.client.balances_requests:
        return True
    several, reused = summary.connections.several_pods, summary.connections.reused
    return bool(several) and several >= PROXIED_RATIO * reused


def _in_place(summary: Summary, history: History, changes: Sequence[Change]) -> list[Change]:
    known = {one.new for one in changes if one.in_place}
    came = {one.new for one in changes if one.new}
    pods = {name: pod for name, pod in summary.pods.items() if name not in known}
    return restarts_in_place(pods, history.started_unix_seconds, came)


def _names(summary: Summary, replicas: Sequence[str], events: Sequence[Change]) -> list[str]:
    """List all replicas: those that are known, those that came, and those only the clients know."""
    new = [one.new for one in events if one.new]
    return list(dict.fromkeys([*replicas, *new, *sorted(summary.pods)]))


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


def _shortcomings(
    summary: Summary, event_effect: Effect | None, both_sides: Accounts | None
) -> list[str]:
    requests = summary.requests
    planned, failed = requests.planned, requests.failed
    most_failed = summary.settings.experiment.max_failed_ratio
    later = failed - (event_effect.excused if event_effect else 0)
    reasons = []
    if summary.problem:
        reasons.append(summary.problem)
    if summary.stopped_by:
        reasons.append(f"a client was stopped by {summary.stopped_by}")
    if planned != requests.answered + failed:
        reasons.append(
            f"{planned:,} planned are not {requests.answered:,} answered + {failed:,} failed"
        )
    if not requests.answered and (requests.sent or not reasons):
        reasons.append("no request was answered")
    elif later > most_failed * planned:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in requests.failed_by_kind.items())
        when = ", not counting those of the event" if event_effect else ""
        reasons.append(
            f"{later:,} of {planned:,} requests failed{when} ({kinds}), more than "
            f"experiment.maxFailedRatio = {most_failed:g} allows"
        )
    names = len(summary.pods)
    if names > max(MOST_NAMED_ANYWAY, MOST_NAMES_RATIO * requests.answered):
        reasons.append(
            f"{requests.answered:,} answers name {names:,} replicas: what client.target.identity = "
            f"{summary.settings.client.target.identity} finds is no name of a replica"
        )
    if both_sides is not None and both_sides.unexplained:
        reasons.append(
            f"{both_sides.unexplained:,} answers are in the servers' counts or in the clients', "
            "and no failed request explains the difference"
        )
    return reasons
