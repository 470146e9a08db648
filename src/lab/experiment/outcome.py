"""What a run left behind, whichever backend ran it: the input of verdict and report."""

from dataclasses import dataclass, field

from long_lived.lab.analysis.events.change import Change
from long_lived.lab.analysis.live.inspection import Inspection
from long_lived.record.replica_counts import ReplicaCounts
from long_lived.record.summary import Summary


@dataclass
class Outcome:
    """What the clients and the lab saw."""

    summary: Summary | None = None
    """The clients' summaries, merged; None where there was none."""
    replicas: list[str] = field(default_factory=list)
    """Names of the replicas that served, in the order of their start."""
    changes: list[Change] = field(default_factory=list)
    """What was stopped and what came; times, as in the summary, are by the lab's clock."""
    clock_uncertainty_seconds: float = 0.0
    """How far apart the same moment may be in the summary and in `changes`; 0 where lab and
    clients share a clock."""
    server_counts: dict[str, ReplicaCounts] = field(default_factory=dict)
    """What each replica says of itself (GET /stats), where it could be asked."""
    inspection: Inspection | None = None
    """What looks at the service's sockets showed meanwhile; None where nobody looked."""
    inspected: str = ""
    """What was looked at."""
    proxy_cpu_seconds: float | None = None
    """CPU seconds that the proxy used; None where there was none, or nobody knows."""
    problems: list[str] = field(default_factory=list)
    """What went wrong; any makes the run incomplete."""
    remarks: list[str] = field(default_factory=list)
    """What the reader should know, though it changes nothing about the result."""
    stopped_by: int | None = None
    """Number of the signal that ended the run."""
