"""What a run showed, in one word, in a sentence, and against what was expected.

Pure: decides on the merged summary and the names of the replicas, reads nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from lab.statistics import LEVEL, Spread, spread


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
    spread: Spread | None


def judge(
    summary: dict[str, Any], replicas: Sequence[str], problems: Sequence[str] = ()
) -> Verdict:
    """Judge a run by its merged summary.

    Args:
        summary: what `client.summary.merge` returned.
        replicas: names of all replicas that served, also of those that answered nothing.
        problems: what the lab saw go wrong; any makes the run incomplete.
    """
    experiment = summary["settings"]["experiment"]
    requests = summary["requests"]
    opened = connections_opened(summary, replicas)
    found = spread(opened) if opened else None
    reasons = [*problems, *_shortcomings(summary, experiment["maxFailedRatio"])]
    if found is None or reasons:
        why = "; ".join(reasons or ["no replica is known"])
        return Verdict(Finding.INCOMPLETE, False, f"incomplete: {why}", found)
    finding, words = _of_spread(found)
    expect = experiment["expect"]
    passed = expect in ("any", finding)
    match = "" if expect == "any" else ", as expected" if passed else f", but {expect} was expected"
    lost = f"; {requests['failed']:,} requests failed" if requests["failed"] else ""
    return Verdict(finding, passed, f"{finding}{match}: {words}{lost}", found)


def connections_opened(summary: dict[str, Any], replicas: Sequence[str]) -> dict[str, int]:
    """Count the connections that each replica got, with 0 for those that got none."""
    pods = summary["pods"]
    names = [*replicas, *sorted(set(pods) - set(replicas))]
    return {name: pods[name]["connections_opened"] if name in pods else 0 for name in names}


def _shortcomings(summary: dict[str, Any], most_failed: float) -> list[str]:
    requests = summary["requests"]
    planned, failed = requests["planned"], requests["failed"]
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
    elif failed > most_failed * planned:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in requests["failed_by_kind"].items())
        reasons.append(
            f"{failed:,} of {planned:,} requests failed ({kinds}), more than "
            f"experiment.maxFailedRatio = {most_failed:g} allows"
        )
    return reasons


def _of_spread(found: Spread) -> tuple[Finding, str]:
    replicas = len(found.counts)
    if replicas == 1:
        return Finding.TOO_FEW, "one replica has nothing to be compared with"
    if not found.enough:
        return Finding.TOO_FEW, (
            f"{found.total} connections over {replicas} replicas are too few connections to tell"
        )
    if found.within_chance:
        return Finding.EVEN, "the connections are within chance of uniform"
    most = max(found.counts, key=lambda name: found.counts[name])
    return Finding.UNEVEN, (
        f"{most} got {found.counts[most] / found.total:.0%} of the connections; "
        f"chance does that less than once in {1 / LEVEL:.0f} runs"
    )
