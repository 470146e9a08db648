"""Reading a client's log: its answers, its progress, and the summary in its last line."""

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from long_lived.client.ledger import Progress
from long_lived.client.summary import FORMAT
from long_lived.lab.experiment.course import TICK_SECONDS
from long_lived.lab.experiment.outcome import Moment

_ANSWER = re.compile(r"^Response from Pod (\S+) after ")
_AT = re.compile(r" at=(\d+\.\d+)")
_STARTED = re.compile(r"^Started: .* clock=(\d+\.\d+)$")
_PROGRESS = re.compile(r"^Progress: (\d+) planned, (\d+) in flight, (\d+) answered, (\d+) failed$")


@dataclass
class ClientLog:
    """What a client's log says so far. Feed it lines; it keeps counts, not lines."""

    answered: Counter[str] = field(default_factory=Counter)
    """Answers per replica, counted from the log's own lines."""
    clock_started_unix_seconds: float | None = None
    """When the client's clock started, by its own wall clock."""
    progress: Progress | None = None
    answered_by_then: Counter[str] = field(default_factory=Counter)
    """Answers per replica when `progress` was told."""
    summary: dict[str, Any] | None = None

    def feed(self, line: str) -> None:
        """Take in one whole line; a line of no known form is passed over."""
        if answer := _ANSWER.match(line):
            self.answered[answer[1]] += 1
        elif progress := _PROGRESS.match(line):
            self.progress = Progress(*(int(number) for number in progress.groups()))
            self.answered_by_then = Counter(self.answered)
        elif started := _STARTED.match(line):
            self.clock_started_unix_seconds = float(started[1])
        elif line.startswith('{"format":'):
            try:
                self.summary = json.loads(line)
            except ValueError:
                self.summary = None


class Tail:
    """Follows a growing log file, whole lines at a time."""

    def __init__(
        self,
        file: Path,
        now: Callable[[], float] = time.time,
        *,
        live: bool = True,
        before: "Tail | None" = None,
    ) -> None:
        """Start at the beginning of `file`, which must exist.

        Only a `live` log, whose client still writes, tells what its clock shows now. `before` is
        the tail of the same log that was cut: what that knows of the clock is taken over.
        """
        self.log = ClientLog()
        self._now = now
        self._live = live
        self._differences: list[float] = list(before._differences) if before else []
        self._stream = file.open("rb")
        self._rest = b""

    @property
    def clock_lag_seconds(self) -> float | None:
        """By how much the client's wall clock is behind ours, at most; None where no line has told.

        It is the least time between a line by its clock and its arrival here.
        """
        return min(self._differences, default=None)

    @property
    def clock_uncertainty_seconds(self) -> float:
        """How far that may be off: the quickest line took some time, too.

        How much, nobody can tell from one side. It is taken for the time that the quickest was
        quicker than half of the lines, and a look on top, which is how late any may be read.
        """
        if not self._differences:
            return 0.0
        return median(self._differences) - min(self._differences) + TICK_SECONDS

    def read(self) -> None:
        """Take in the lines that were added since the last time."""
        *lines, self._rest = (self._rest + self._stream.read()).split(b"\n")
        for line in lines:
            self.log.feed(line.decode("utf-8", errors="replace"))
        if lines and self._live:
            self._compare_clocks(lines[-1].decode("utf-8", errors="replace"))

    def close(self) -> None:
        """Stop following."""
        self._stream.close()

    def _compare_clocks(self, newest: str) -> None:
        started, at = self.log.clock_started_unix_seconds, _AT.search(newest)
        if started is None:
            return
        elapsed = float(at[1]) if at and newest.startswith("Re") else None
        if newest.startswith("Started: "):
            elapsed = 0.0
        if elapsed is not None:
            self._differences.append(self._now() - (started + elapsed))


def foreign_summary(name: str, log: ClientLog) -> str | None:
    """Say that a log's summary was written by another version, which no rule here reads."""
    if log.summary is None or log.summary.get("format") == FORMAT:
        return None
    return f"{name} has a summary of format {log.summary.get('format')!r}: allowed is {FORMAT}"


def beginning_lost(name: str, log: ClientLog) -> str | None:
    """Say that a log with a summary has fewer answers than it, as after a rotation."""
    if log.summary is None or not log.summary["settings"]["client"]["logResponses"]:
        return None
    answered, lines = log.summary["requests"]["answered"], sum(log.answered.values())
    if lines >= answered:
        return None
    return (
        f"the log of {name} holds {lines:,} of {answered:,} answers: its beginning is gone, as "
        "after a rotation; the numbers are the summary's"
    )


def moment(logs: Sequence[ClientLog], replicas: Sequence[str]) -> Moment:
    """Add up how the clients stood when each told its progress last."""
    known = [log.progress for log in logs if log.progress]
    by_replica: Counter[str] = Counter(dict.fromkeys(replicas, 0))
    for log in logs:
        by_replica.update(log.answered_by_then)
    return Moment(
        planned=sum(progress.planned for progress in known),
        in_flight=sum(progress.in_flight for progress in known),
        answered=sum(progress.answered for progress in known),
        failed=sum(progress.failed for progress in known),
        by_replica=dict(by_replica),
        note="" if known else "starting the virtual users",
    )
