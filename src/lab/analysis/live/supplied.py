"""The verdict of a run whose answers name nobody, from looks at the sockets of the service."""

from dataclasses import replace

from long_lived.lab.analysis.live.inspection import Inspection
from long_lived.lab.analysis.live.words import sentence
from long_lived.lab.analysis.verdict import Finding, Verdict, as_expected


def supplied(verdict: Verdict, found: Inspection, expect: str, now_unix_seconds: float) -> Verdict:
    """Return the verdict by the sockets where the answers give none; any other stays."""
    if verdict.finding is not Finding.NOT_JUDGED:
        return verdict
    passed, match = as_expected(found.finding, expect)
    told = sentence(found, now_unix_seconds).removeprefix(str(found.finding))
    return replace(
        verdict, finding=found.finding, passed=passed, words=f"{found.finding}{match}{told}"
    )
