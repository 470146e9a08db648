"""What is known of one run, for whoever shows it: as a page, or in another form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

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
