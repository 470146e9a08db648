"""Restarts of servers that the lab did not make, as changes by the lab's clock.

Somebody may delete pods, and a container may be started again in its pod. Both are seen in the
pods; where these are gone, the first is inferred from the answers.
"""

from dataclasses import dataclass

from long_lived.lab.analysis.events.change import Change
from long_lived.lab.analysis.events.inferred_restarts import changes_seen
from long_lived.lab.analysis.history import History
from long_lived.lab.analysis.verdict import history_of
from long_lived.lab.cluster.pods import names
from long_lived.lab.cluster.servers.server_pods import ServerPods
from long_lived.record.summary import Summary


@dataclass(frozen=True)
class Restarts:
    """Finds the restarts of one run."""

    summary: Summary
    """The clients' summaries, merged."""
    servers: ServerPods
    lag_seconds: float
    """By how much the cluster's clock is behind the lab's."""

    def in_place(self) -> list[Change]:
        """Return the restarts of containers in their pods, in order."""
        found = self.servers.restarted_in_place(*self._span(history_of(self.summary)))
        return [one.as_change(self.lag_seconds) for one in found]

    def by_others(self) -> list[Change]:
        """Return the changes that somebody else has caused: what is younger than the run.

        If no pod is, but some that have answered are gone, the answers tell.
        """
        history, pods = history_of(self.summary), self.summary.pods
        staying = names(self.servers.staying())
        old = [name for name in pods if name not in staying]
        new = self.servers.created(*self._span(history))
        if not new:
            # Where all are there that have answered, none was replaced.
            replicas = self.summary.settings.server.replicas
            replicas = replicas or len(self.servers.replicas)
            left = len(self.servers.staying())
            return changes_seen(history, pods, replicas, left) if old else []
        return [
            Change(
                began_unix_seconds=pod.created_unix_seconds + self.lag_seconds,
                old=old[index] if index < len(old) else None,
                new=pod.name,
                ready_unix_seconds=None
                if pod.ready_unix_seconds is None
                else pod.ready_unix_seconds + self.lag_seconds,
            )
            for index, pod in enumerate(new)
        ]

    def _span(self, history: History) -> tuple[float, float]:
        """Return when the load began and ended, by the cluster's clock."""
        return (
            history.unix_seconds(0) - self.lag_seconds,
            history.unix_seconds(history.load_end()) - self.lag_seconds,
        )
