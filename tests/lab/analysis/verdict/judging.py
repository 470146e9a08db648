"""Runs of three replicas, judged: with and without a restart."""

from typing import Any

from tests.lab.runs import SERVERS, restarted

from long_lived.lab.analysis.verdict import Verdict, judge
from long_lived.record.summary import Summary


def judged(made: Summary | None, *problems: str) -> Verdict:
    """Judge a run of three replicas without a restart."""
    return judge(made, SERVERS, problems)


def judged_restart(*overrides: str, end: float = 30.0, **given: Any) -> Verdict:
    """Judge a run with a restart."""
    run, replacements = restarted(*overrides, end=end, **given)
    return judge(run.summary(end), SERVERS, [], replacements)
