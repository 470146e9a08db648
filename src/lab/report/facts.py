"""What is known of a run or a comparison, for whoever shows it: as a page, or in another form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from long_lived.lab.analysis.trade import Trade
from long_lived.lab.analysis.verdict import Verdict
from long_lived.lab.report.origin import Origin
from long_lived.record.replica_counts import ReplicaCounts
from long_lived.record.summary import Summary


@dataclass(frozen=True)
class Facts:
    """One run."""

    summary: Summary | None
    verdict: Verdict
    server_counts: Mapping[str, ReplicaCounts] = field(default_factory=dict)
    remarks: Sequence[str] = ()
    origin: Origin = field(default_factory=Origin)
    name: str = ""
    """Of its folder."""


@dataclass(frozen=True)
class ComparisonFacts:
    """Remedies against the same load and event."""

    rows: Mapping[str, Trade]
    """By remedy."""
    skipped: Mapping[str, str] = field(default_factory=dict)
    """Why some have no row, by remedy."""
    event: str = ""
    complete: bool = True
    """Whether all runs are done."""
    origin: Origin = field(default_factory=Origin)
    name: str = ""
    """Of its folder."""

    @property
    def passed(self) -> bool:
        """Whether it is complete, and each finding the expected one."""
        return self.complete and all(row.passed for row in self.rows.values())
