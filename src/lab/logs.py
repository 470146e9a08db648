"""Reading a client's log: its answers, its progress, and the summary in its last line."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from client.ledger import Progress
from lab.observation import Moment

_ANSWER = re.compile(r"^Response from Pod (\S+) after ")
_PROGRESS = re.compile(r"^Progress: (\d+) planned, (\d+) in flight, (\d+) answered, (\d+) failed$")


@dataclass
class ClientLog:
    """What a client's log says so far. Feed it lines; it keeps counts, not lines."""

    answered: Counter[str] = field(default_factory=Counter)
    """Answers per replica, counted from the log's own lines."""
    progress: Progress | None = None
    summary: dict[str, Any] | None = None

    def feed(self, line: str) -> None:
        """Take in one whole line; a line of no known form is passed over."""
        if answer := _ANSWER.match(line):
            self.answered[answer[1]] += 1
        elif progress := _PROGRESS.match(line):
            self.progress = Progress(*(int(number) for number in progress.groups()))
        elif line.startswith('{"format":'):
            try:
                self.summary = json.loads(line)
            except ValueError:
                self.summary = None


class Tail:
    """Follows a growing log file, whole lines at a time."""

    def __init__(self, file: Path) -> None:
        """Start at the beginning of `file`, which must exist."""
        self.log = ClientLog()
        self._stream = file.open("rb")
        self._rest = b""

    def read(self) -> None:
        """Take in the lines that were added since the last time."""
        *lines, self._rest = (self._rest + self._stream.read()).split(b"\n")
        for line in lines:
            self.log.feed(line.decode("utf-8", errors="replace"))

    def close(self) -> None:
        """Stop following."""
        self._stream.close()


def moment(logs: Sequence[ClientLog], replicas: Sequence[str]) -> Moment:
    """Add up how the clients stand.

    Progress lines come once in a while, answers as they happen: what the answers are ahead
    is no longer in flight.
    """
    known = [log.progress for log in logs if log.progress]
    by_replica: Counter[str] = Counter(dict.fromkeys(replicas, 0))
    for log in logs:
        by_replica.update(log.answered)
    told = sum(progress.answered for progress in known)
    ahead = max(0, sum(by_replica.values()) - told) if known else 0
    return Moment(
        planned=sum(progress.planned for progress in known),
        in_flight=max(0, sum(progress.in_flight for progress in known) - ahead),
        answered=told + ahead,
        failed=sum(progress.failed for progress in known),
        by_replica=dict(by_replica),
        note="" if known else "starting the virtual users",
    )
