"""Runs judged from logs that the user saved: `long-lived verify --from-log`."""

import errno
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from long_lived.lab.analysis.events.change import Change
from long_lived.lab.analysis.events.inferred_restarts import UNSEEN, changes_seen
from long_lived.lab.analysis.verdict import history_of
from long_lived.lab.experiment.outcome import Outcome
from long_lived.lab.logs.client_log import ClientLog, beginning_lost
from long_lived.lab.logs.forms import UnreadForm, pod_lines
from long_lived.record.merge import merge
from long_lived.record.summary import Summary


def read_logs(file: Path) -> dict[str, ClientLog]:
    """Read the clients' logs in a file, by the pod that its lines name, or by the file's name.

    Raises:
        OSError: the file cannot be read, or is in a form that is not.
    """
    logs: defaultdict[str, ClientLog] = defaultdict(ClientLog)
    try:
        for pod, line in pod_lines(file.read_bytes()):
            logs[pod or str(file)].feed(line)
    except UnreadForm as error:
        raise OSError(errno.ENOTSUP, str(error), str(file)) from None
    # Servers and sidecars write lines, too, and so do error messages: those are not clients.
    clients = {name: log for name, log in logs.items() if log != ClientLog()}
    return clients or {str(file): ClientLog()}


def outcome_of(files: Sequence[Path]) -> Outcome:
    """Return what the logs in `files` show of one run.

    Raises:
        OSError: a file cannot be read.
    """
    seen = Outcome()
    logs = [(name, log) for file in files for name, log in read_logs(file).items()]
    summaries = []
    for name, log in logs:
        if log.unread:
            seen.problems.append(f"{name} has {log.unread}")
            continue
        told = log.summary
        if told is None:
            seen.problems.append(f"{name} has no summary: it is cut off, or not a client's log")
            continue
        summaries.append(told)
        answered, lines = told.requests.answered, sum(log.answered.values())
        if lines > answered:
            seen.problems.append(
                f"{name} holds {lines:,} answers, but the summary at its end counts {answered:,}: "
                "it comes from several clients or runs"
            )
        if remark := beginning_lost(name, log, told):
            seen.remarks.append(remark)
    if not summaries:
        return seen
    settings = summaries[0].settings
    if any(summary.settings != settings for summary in summaries):
        seen.problems.append("the logs are from runs with different settings")
        return seen
    clients = settings.client.parallelism
    if len(logs) != clients:
        seen.problems.append(
            f"logs of {clients} clients (client.parallelism) are needed, given: {len(logs)}"
        )
    seen.summary = merge(summaries)
    infer(seen, seen.summary)
    return seen


def infer(seen: Outcome, summary: Summary) -> None:
    """Add the replicas and what happened to them, as far as the answers show it."""
    settings = summary.settings
    if settings.client.target.names_nobody:
        return
    if not settings.server.enabled and settings.server.replicas is None:
        seen.remarks.append(
            "how many replicas there are is not known (server.replicas): those that gave no answer "
            "are missing here"
        )
    replicas, pods = settings.server.replicas, summary.pods
    event = settings.experiment.event
    more = {"scale-up": event.count, "scale-down": -event.count}.get(event.kind, 0)
    at_end = None if replicas is None else replicas + more
    seen.replicas = sorted(pods)
    seen.changes = changes_seen(history_of(summary), pods, replicas, at_end)
    if at_end is not None and (more > 0 or not seen.changes):
        missing = [f"{UNSEEN}{number + 1}" for number in range(at_end - len(seen.replicas))]
        seen.replicas += missing
        # Nobody saw them come: the plan alone says when that was.
        at = summary.started_unix_seconds + event.after_seconds
        added = missing[max(0, len(missing) - more) :] if more > 0 else []
        seen.changes += [
            Change(at, new=name, ready_unix_seconds=at, inferred=True) for name in added
        ]
