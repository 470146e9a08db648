"""What a run leaves, as a test needs it: altered summaries, parts of one, saved logs."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from long_lived.lab.analysis.history import History
from long_lived.record.histogram import Histogram
from long_lived.record.lines import Response, read
from long_lived.record.replica_counts import ReplicaCounts
from long_lived.record.summary import Pod, Start, Summary
from long_lived.record.timeline import Timeline

from .runs import START


def history(timeline: Timeline) -> History:
    """Read a timeline on the clock that all runs share."""
    return History(timeline.as_record(), START)


def scaled(made: Summary, factor: int) -> Summary:
    """Return a summary with its counts multiplied; settings and durations stay."""
    counted = ("requests", "pods", "connections", "timeline")
    multiplied = {
        key: _multiplied(value, factor) if key in counted else value
        for key, value in made.as_dict().items()
    }
    return Summary.model_validate(multiplied)


def changed(made: Summary, **values: Any) -> Summary:
    """Return a summary with other values, such as `pods__server-b__starts=[]`."""
    told = made.as_dict()
    for path, value in values.items():
        *above, key = path.split("__")
        part = told
        for name in above:
            part = part[name]
        part[key] = value
    return Summary.model_validate(told)


def pod_of(starts: Iterable[Start] = (), requests: int = 1) -> Pod:
    """Return the part of a pod whose server had these starts."""
    return Pod(
        requests=requests,
        connections_opened=1,
        connections_open=0,
        oldest_connection_seconds=1.0,
        starts=list(starts),
        overhead_seconds=Histogram().as_record(),
    )


def own_counts(
    answered: int, answered_to: Mapping[str, int], instance: str | None = None
) -> ReplicaCounts:
    """Return what a replica reports that it counted."""
    return ReplicaCounts(
        pod="server-a",
        runtime="flask",
        instance=instance,
        answered=answered,
        answered_to=dict(answered_to),
        in_flight=0,
        connections=1,
    )


def saved(folder: Path, name: str, lines: Iterable[str]) -> Path:
    """Save a log."""
    file = folder / name
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return file


def answers_in(lines: Iterable[str]) -> Counter[str]:
    """Count the answers in a log's lines, by replica."""
    return Counter(line.pod for line in map(read, lines) if isinstance(line, Response))


def _multiplied(value: Any, factor: int) -> Any:
    if isinstance(value, dict):
        kept = ("start_unix_seconds", "bucket_seconds", "buckets", "oldest_connection_seconds")
        return {
            key: item if key in kept else _multiplied(item, factor) for key, item in value.items()
        }
    if isinstance(value, list):
        return [_multiplied(item, factor) for item in value]
    return value * factor if isinstance(value, int) else value
