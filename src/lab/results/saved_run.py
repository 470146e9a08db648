"""A run that was kept in its folder, read again."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from long_lived.lab.analysis.events.change import Change
from long_lived.lab.analysis.verdict import Finding, Verdict
from long_lived.lab.experiment.course import judged
from long_lived.lab.experiment.matrix import Unreadable
from long_lived.lab.experiment.outcome import Outcome
from long_lived.lab.experiment.results import SUMMARY
from long_lived.lab.report.facts import Facts
from long_lived.lab.report.origin import Origin
from long_lived.lab.results.origin import as_text
from long_lived.record.base import Record
from long_lived.record.replica_counts import ReplicaCounts
from long_lived.record.summary import FORMAT, Summary
from long_lived.settings.errors import one_line


class _Said(Record):
    finding: Finding
    passed: bool
    words: str


class _Kept(Record):
    verdict: _Said
    replicas: list[str]
    events: list[Change]
    clock_uncertainty_seconds: float
    problems: list[str]
    remarks: list[str]
    server_counts: dict[str, ReplicaCounts]
    proxy_cpu_seconds: float | None
    clients: Summary | None
    inspection: dict[str, Any] | None = None
    origin: Origin = Origin()


@dataclass(frozen=True)
class SavedRun:
    """A run, judged again: its verdict is that of this version of the lab."""

    folder: Path
    seen: Outcome
    verdict: Verdict
    origin: Origin

    @property
    def facts(self) -> Facts:
        """What is shown of it."""
        return facts_of(self.seen, self.verdict, self.origin, self.folder)


def facts_of(seen: Outcome, verdict: Verdict, origin: Origin, folder: Path) -> Facts:
    """Put together what is shown of a run in `folder`."""
    name = as_text(folder.resolve().name)
    return Facts(seen.summary, verdict, seen.server_counts, seen.remarks, origin, name)


def saved_run(folder: Path) -> SavedRun:
    """Read the run in `folder`, or its summary alone.

    Raises:
        Unreadable: it holds none, or one of another format.
    """
    kept = _read(folder if folder.is_file() else folder / SUMMARY)
    seen = Outcome(
        summary=kept.clients,
        replicas=kept.replicas,
        changes=kept.events,
        clock_uncertainty_seconds=kept.clock_uncertainty_seconds,
        server_counts=kept.server_counts,
        proxy_cpu_seconds=kept.proxy_cpu_seconds,
        problems=kept.problems,
        remarks=kept.remarks,
    )
    verdict, said = judged(seen), kept.verdict
    if verdict.finding is Finding.NOT_JUDGED and kept.inspection is not None:
        # By looks at the sockets, of which the folder has only what they showed.
        verdict = replace(verdict, finding=said.finding, passed=said.passed, words=said.words)
    if verdict.finding != said.finding:
        seen.remarks.append(
            f"when it was run, the verdict was {said.finding}: this version judges otherwise"
        )
    return SavedRun(folder, seen, verdict, kept.origin)


def _read(file: Path) -> _Kept:
    try:
        told: Any = json.loads(file.read_bytes())
        of_clients = told["clients"]
        found = FORMAT if of_clients is None else of_clients["format"]
        if found != FORMAT:
            raise Unreadable(f"{file}: clients of format {found!r}: must be {FORMAT}")
        return _Kept.model_validate(told)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Unreadable(one_line(f"{file}: {where}: {first['msg']}")) from None
    except OSError as error:
        raise Unreadable(f"{file}: {error.strerror}: must be the folder of a run") from None
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable(f"{file}: not the summary of a run") from None
