"""Reading a client's log: its answers, its progress, and the summary in its last line."""

import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from long_lived.lab.analysis.events.change import Change
from long_lived.lab.experiment.course import TICK_SECONDS
from long_lived.lab.experiment.moment import Moment, Standing
from long_lived.record import summary
from long_lived.record.lines import Failure, Line, Parts, Progress, Response, Started, read
from long_lived.record.summary import Summary, UnreadSummary


@dataclass
class ClientLog:
    """What a client's log says so far. Feed it lines; it keeps counts, not lines."""

    answered: Counter[str] = field(default_factory=Counter)
    """Answers per replica, counted from the log's own lines."""
    clock_started_unix_seconds: float | None = None
    """When the client's clock started, by its own wall clock."""
    progress: Progress | None = None
    parts: Parts | None = None
    """The same by replica."""
    summary_line: str = ""
    """The line of the summary, where it is one that can be read."""
    unread: str = ""
    """What stands in place of a readable summary: one of another version."""

    @property
    def summary(self) -> Summary | None:
        """The summary, read anew each time: it takes ten times the room of its line."""
        return summary.parse(self.summary_line)

    @property
    def whole(self) -> bool:
        """Whether the log has its end, which is the summary."""
        return bool(self.summary_line or self.unread)

    def feed(self, line: str) -> None:
        """Take in one whole line; ignore one of unknown form."""
        match read(line):
            case Response() as answer:
                self.answered[answer.pod] += 1
            case Progress() as progress:
                self.progress = progress
            case Parts() as parts:
                self.parts = parts
            case Started() as started:
                self.clock_started_unix_seconds = started.clock_unix_seconds
            case None if line.startswith(summary.BEGINNING):
                self._take_summary(line)

    def _take_summary(self, line: str) -> None:
        self.summary_line, self.unread = "", ""
        try:
            self.summary_line = line if summary.parse(line) else ""
        except UnreadSummary as unread:
            self.unread = str(unread)


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
        """How far that may be off: even the quickest line took some time.

        One side cannot tell how much. It is estimated as the time by which the quickest beat half
        of the lines, plus one look, which is how late any may be read.
        """
        if not self._differences:
            return 0.0
        return median(self._differences) - min(self._differences) + TICK_SECONDS

    def read(self) -> None:
        """Take in the lines that were added since the last time.

        A file that has become shorter was emptied, as by a rotation that copies it away: it is read
        from its new beginning.
        """
        if os.fstat(self._stream.fileno()).st_size < self._stream.tell():
            self._stream.seek(0)
            self._rest = b""
        *lines, self._rest = (self._rest + self._stream.read()).split(b"\n")
        for line in lines:
            self.log.feed(line.decode("utf-8", errors="replace"))
        if lines and self._live:
            self._compare_clocks(lines[-1].decode("utf-8", errors="replace"))

    def close(self) -> None:
        """Stop following."""
        self._stream.close()

    def _compare_clocks(self, newest: str) -> None:
        started, elapsed = self.log.clock_started_unix_seconds, _elapsed_seconds(read(newest))
        if started is not None and elapsed is not None:
            self._differences.append(self._now() - (started + elapsed))


def _elapsed_seconds(line: Line | None) -> float | None:
    """Tell when a line was written, by the client's clock; None where it does not say."""
    match line:
        case Started():
            return 0.0
        case Response() | Failure():
            return line.at_seconds
    return None


def beginning_lost(name: str, log: ClientLog, told: Summary) -> str | None:
    """Say that a log has fewer answers than `told`, its summary, as after a rotation."""
    if not told.settings.client.log_responses:
        return None
    answered, lines = told.requests.answered, sum(log.answered.values())
    if lines >= answered:
        return None
    return (
        f"the log of {name} holds {lines:,} of {answered:,} answers: its beginning is gone, as "
        "after a rotation; the numbers are the summary's"
    )


def moment(
    logs: Sequence[ClientLog],
    replicas: Sequence[str],
    changes: Sequence[Change] = (),
    duration_seconds: float = 0.0,
    note: str = "",
) -> Moment:
    """Add up how the clients stood when each told its progress last."""
    known = [log.progress for log in logs if log.progress]
    told = [log.parts for log in logs if log.parts]
    by_replica = {name: Standing() for name in replicas}
    for part in (part for parts in told for part in parts.pods):
        by_replica[part.pod] = by_replica.get(part.pod, Standing()).with_more(
            part.answered, part.failed, part.held
        )
    return Moment(
        planned=sum(progress.planned for progress in known),
        in_flight=sum(progress.in_flight for progress in known),
        answered=sum(progress.answered for progress in known),
        failed=sum(progress.failed for progress in known),
        by_replica=by_replica,
        nameless=sum(parts.nameless for parts in told),
        note=note or ("" if known else "starting the virtual users"),
        changes=changes,
        duration_seconds=duration_seconds,
    )
