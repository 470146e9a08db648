"""Runs judged from logs that the user saved: `long-lived verify --from-log`."""

import re
from collections.abc import Sequence
from pathlib import Path

from long_lived.client.summary import merge
from long_lived.lab.logs import ClientLog, beginning_lost, foreign_summary
from long_lived.lab.observation import Observation
from long_lived.lab.sightings import UNSEEN, replacements_seen
from long_lived.lab.verdict import history_of

_PREFIX = re.compile(r"^\[pod/([^/\]]+)/[^\]]*\] ")
"""What `kubectl logs --prefix` (`make logs`) puts before each line."""

_TIMESTAMP = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d) ")
"""What `kubectl logs --timestamps` puts before each line; the offset is the node's."""


def read_logs(file: Path) -> dict[str, ClientLog]:
    """Read the logs in a file, by the pod that its lines name, or by the file's name.

    Raises:
        OSError: the file cannot be read.
    """
    logs: dict[str, ClientLog] = {}
    with file.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            prefix = _PREFIX.match(line)
            name = prefix[1] if prefix else str(file)
            text = _TIMESTAMP.sub("", line[prefix.end() if prefix else 0 :])
            logs.setdefault(name, ClientLog()).feed(text.rstrip("\r\n"))
    return logs or {str(file): ClientLog()}


def observation(files: Sequence[Path]) -> Observation:
    """Return what the logs in `files` show of one run.

    Raises:
        OSError: a file cannot be read.
    """
    seen = Observation()
    logs = [(name, log) for file in files for name, log in read_logs(file).items()]
    summaries = []
    for name, log in logs:
        if log.summary is None:
            seen.problems.append(f"{name} has no summary: it is cut off, or no client's log")
            continue
        if foreign := foreign_summary(name, log):
            seen.problems.append(foreign)
            continue
        summaries.append(log.summary)
        answered, lines = log.summary["requests"]["answered"], sum(log.answered.values())
        if lines > answered:
            seen.problems.append(
                f"{name} holds {lines:,} answers, and the summary at its end knows {answered:,}: "
                "it is the log of several clients or runs"
            )
        if remark := beginning_lost(name, log):
            seen.remarks.append(remark)
    if not summaries:
        return seen
    settings = summaries[0]["settings"]
    if any(summary["settings"] != settings for summary in summaries):
        seen.problems.append("the logs are of runs with different settings")
        return seen
    clients = settings["client"]["parallelism"]
    if len(logs) != clients:
        seen.problems.append(
            f"logs of {clients} clients (client.parallelism) are needed, given: {len(logs)}"
        )
    seen.summary = merge(summaries)
    seen.replicas = sorted(seen.summary["pods"])
    replicas = settings["server"]["replicas"] or len(seen.replicas)
    seen.replacements = replacements_seen(history_of(seen.summary), replicas)
    if not seen.replacements:
        missing = replicas - len(seen.replicas)
        seen.replicas += [f"{UNSEEN}{number}" for number in range(1, missing + 1)]
    return seen
