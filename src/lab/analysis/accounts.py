"""The servers' own counts beside the clients': every difference is explained, or nothing holds.

A server counts an answer before it writes it, by the client that asked. So it has at least what the
clients have from it. What it has more went out and did not arrive: to a request that failed on its
way back. Anything else is a defect of the experiment.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
    """Answers that did not arrive, at the most: requests that failed on its connections."""
    others: int
    """Answers to anybody else, since it started."""


@dataclass(frozen=True)
class Accounts:
    """All replicas that could be asked."""

    rows: list[Account]
    unattributed: int
    """Failed requests of which nobody knows the replica: any of them may have been answered."""

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
    summary: Mapping[str, Any],
    server_counts: Mapping[str, Mapping[str, Any]],
    failures: Mapping[str, Mapping[str, int]],
) -> Accounts | None:
    """Put both sides together; None where no replica could be asked, or none counts by client.

    Args:
        summary: of the clients.
        server_counts: what /stats of each replica says.
        failures: of the whole run, by kind and by replica (empty where unknown).
    """
    clients = set(summary["client_ids"])
    rows = []
    for name, counts in server_counts.items():
        by_client = counts.get("answered_to")
        if by_client is None:
            continue
        served = sum(count for client, count in by_client.items() if client in clients)
        pod = summary["pods"].get(name, {"requests": 0, "starts": []})
        own = {start["instance"]: start["requests"] for start in pod["starts"]}
        answered = pod["requests"]
        if own and "instance" in counts:
            answered = own.get(counts["instance"], 0)
        rows.append(
            Account(
                name,
                served,
                answered,
                sum(on.get(name, 0) for on in failures.values()),
                counts["answered"] - served,
            )
        )
    unattributed = sum(on.get(UNATTRIBUTED, 0) for on in failures.values())
    return Accounts(rows, unattributed) if rows else None
