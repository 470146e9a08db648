"""The servers' own counts beside the clients': every difference is explained, or nothing holds.

A server counts an answer before it writes it, by the client that asked. So it has at least what the
clients have from it. Any excess went out and did not arrive: its request failed meanwhile. Anything
else is a defect of the experiment.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from long_lived.record.replica_counts import ReplicaCounts
from long_lived.record.summary import Pod, Summary
from long_lived.record.timeline import UNATTRIBUTED


@dataclass(frozen=True)
class Account:
    """One replica, by both sides; of its present start only, where it was started again."""

    replica: str
    served: int
    """Answers to this run's clients, by the server."""
    answered: int
    """Answers from it, by the clients."""
    cut: int
    """Upper bound of the answers that did not arrive: requests that failed on its connections."""
    others: int
    """Answers to anybody else, since it started."""


@dataclass(frozen=True)
class Accounts:
    """All replicas that could be asked."""

    rows: list[Account]
    unattributed: int
    """Failed requests whose replica nobody knows: any of them may have been answered."""

    @property
    def lost(self) -> int:
        """Answers that went out and did not arrive."""
        return sum(max(0, row.served - row.answered) for row in self.rows)

    @property
    def unexplained(self) -> int:
        """Answers that one side has, and no failure explains."""
        missing = sum(max(0, row.answered - row.served) for row in self.rows)
        beyond = sum(max(0, row.served - row.answered - row.cut) for row in self.rows)
        return missing + max(0, beyond - self.unattributed)


def accounts(
    summary: Summary,
    server_counts: Mapping[str, ReplicaCounts],
    failures: Mapping[str, Mapping[str, int]],
) -> Accounts | None:
    """Put both sides together; None where no replica could be asked, or none counts by client.

    Args:
        summary: of the clients.
        server_counts: what /stats of each replica says.
        failures: of the whole run, by kind and by replica (empty where unknown).
    """
    clients = set(summary.client_ids)
    rows = []
    for name, counts in server_counts.items():
        if counts.answered_to is None:
            continue
        served = sum(count for client, count in counts.answered_to.items() if client in clients)
        pod = summary.pods.get(name)
        rows.append(
            Account(
                name,
                served,
                0 if pod is None else _answered(pod, counts.instance),
                sum(on.get(name, 0) for on in failures.values()),
                counts.answered - served,
            )
        )
    unattributed = sum(on.get(UNATTRIBUTED, 0) for on in failures.values())
    return Accounts(rows, unattributed) if rows else None


def _answered(pod: Pod, instance: str | None) -> int:
    """Tell what the clients have from one start of a pod; from all, where they are not told apart.

    A server that was started again has forgotten what it answered before.
    """
    own = {start.instance: start.requests for start in pod.starts}
    return own.get(instance, 0) if own and instance is not None else pod.requests
