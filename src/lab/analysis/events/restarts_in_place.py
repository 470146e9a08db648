"""Replicas that were started again under their names, found in what their answers say.

A container that restarts in place (out of memory, a failed liveness probe) keeps its pod's name:
only the start that each answer names, and since when that has been running, tell. Its connections
are gone, and others have inherited them.
"""

from collections.abc import Collection, Mapping

from long_lived.lab.analysis.events.change import Change
from long_lived.record.summary import Pod, Start

SINCE_START_SECONDS = 0.5
"""How much later than the run a server must have started to count as one that started in it."""


def restarts_in_place(
    pods: Mapping[str, Pod], started_unix_seconds: float, known: Collection[str]
) -> list[Change]:
    """List the restarts in place, in the order of time.

    Args:
        pods: of a summary.
        started_unix_seconds: when the run's clock started.
        known: replicas whose first start in the run does not count, because they came in the run
            or because their restarts are known already.
    """
    found = []
    for name, pod in pods.items():
        before: Start | None = None
        for start in pod.starts:
            started = start.started_unix_seconds
            late = started > started_unix_seconds + SINCE_START_SECONDS
            if late and (before is not None or name not in known):
                last = before.answered_unix_seconds if before else started
                found.append(
                    Change(
                        began_unix_seconds=min(last, started),
                        old=name,
                        ended_unix_seconds=last,
                        new=name,
                        ready_unix_seconds=max(started, start.opened_unix_seconds),
                        inferred=True,
                    )
                )
            before = start
    return sorted(found, key=lambda one: one.began_unix_seconds)
