"""How sure a verdict is, in words for somebody who meets it for the first time. Pure text."""

from long_lived.lab.analysis.evidence import p_value
from long_lived.lab.analysis.power import LEVEL
from long_lived.lab.analysis.verdict import Finding, Verdict

MEANS = {
    Finding.EVEN: "Every replica has its part of the load, as far as this run can tell.",
    Finding.PINNED: (
        "Connections stay with the replica that they were opened to. Replicas that came later "
        "have less than their part, and will until connections end."
    ),
    Finding.UNEVEN: (
        "The load is not spread evenly, chance does not explain it, and it is not because "
        "replicas came later."
    ),
    Finding.TOO_FEW: "There were too few connections to tell an even spread from an uneven one.",
    Finding.NOT_JUDGED: (
        "Answers do not say who gave them, so this run shows connections and not their spread."
    ),
    Finding.INCOMPLETE: "The run did not do what was planned, so nothing is concluded from it.",
}
"""What each finding means."""


def sure(verdict: Verdict) -> list[str]:
    """Say what chance would have done, and what would have been noticed."""
    if verdict.judged is None:
        return []
    spread, unit = verdict.judged.spread, verdict.judged.unit
    if len(spread.counts) < 2:
        return []
    within = "so chance explains it" if spread.within_chance else "so chance does not explain it"
    said = [
        f"If each had gone to one of the {len(spread.counts)} replicas at random, the "
        f"{spread.total:,} {unit} would be spread at least this unevenly with probability "
        f"{p_value(spread)}; the limit is {LEVEL:g}, {within}."
    ]
    if spread.noticeable is None:
        said.append("There are so few that not even an idle replica would surely be noticed.")
    else:
        said.append(
            f"One replica with {spread.noticeable:.0%} less than its share would have been "
            "noticed 9 times in 10; a smaller shortfall may go unnoticed."
        )
    return said
