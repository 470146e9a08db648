"""The connections of a run as CSV, a row each.

The summary has none of them, only how many there were and how old: it must not grow with them. The
clients' logs beside it name the connection of each answer, so a row is a connection that was
answered on; when it was closed, and why, no line says.
"""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from long_lived.lab.experiment.matrix import Unreadable
from long_lived.lab.report.forms.timeline_csv import text
from long_lived.record.lines import Response, read

COLUMNS = (
    "client",
    "connection",
    "replica",
    "answers",
    "first_sent_seconds",
    "first_answer_seconds",
    "last_answer_seconds",
    "several_replicas",
)


@dataclass(slots=True)
class _Row:
    pod: str
    sent_seconds: float
    first_seconds: float
    last_seconds: float
    answers: int = 0
    several: bool = False


def connections_csv(folder: Path) -> str:
    """Return a row for each connection, by client and in the order of their numbers.

    Raises:
        Unreadable: no log in `folder` has an answer.
        OSError: a log cannot be read.
    """
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(COLUMNS)
    for log in sorted(folder.glob("*.log")):
        for number, row in sorted(_connections(log).items()):
            times = (row.sent_seconds, row.first_seconds, row.last_seconds)
            told = [f"{seconds:.3f}" for seconds in times]
            cells = [text(log.stem), number, text(row.pod), row.answers, *told, int(row.several)]
            rows.writerow(cells)
    if out.getvalue().count("\n") == 1:
        raise Unreadable(
            f"{folder}: no client's log with answers (*.log): there are only the counts of the "
            "summary, which --format csv and json have"
        )
    return out.getvalue()


def _connections(log: Path) -> dict[int, _Row]:
    found: dict[int, _Row] = {}
    with log.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            answer = read(line.rstrip("\n"))
            if not isinstance(answer, Response):
                continue
            row = found.get(answer.connection)
            if row is None:
                sent = answer.at_seconds - answer.service_seconds
                row = _Row(answer.pod, sent, answer.at_seconds, answer.at_seconds)
                found[answer.connection] = row
            row.answers += 1
            row.last_seconds = max(row.last_seconds, answer.at_seconds)
            row.several = row.several or answer.pod != row.pod
    return found
