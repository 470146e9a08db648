"""The result of a run as one JSON object, and its schema.

It is versioned: what is here keeps its meaning within a format, and more may be added.
"""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from long_lived.lab.analysis.spread import chance_bounds
from long_lived.lab.analysis.verdict import history_of
from long_lived.lab.report.facts import Facts
from long_lived.lab.report.notes import notes
from long_lived.lab.report.origin import Origin
from long_lived.lab.report.page.replicas import replica_table
from long_lived.record.histogram import Durations

FORMAT = 1


class Part(BaseModel):
    """A part of what programs read."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True, defer_build=True)


class JudgedPart(Part):
    """What the verdict is about."""

    unit: str
    """`connections held`, `connections opened` or `requests answered`."""
    start_seconds: float
    end_seconds: float
    total: int
    fair: float
    """A fair share."""
    chance_low: int
    chance_high: int
    """Random balancing keeps every replica from low to high in 999 of 1,000 runs."""
    p_value: float
    noticeable_shortfall: float | None
    """The smallest shortfall of one replica, as a part of its share, that would have been noticed 9
    times in 10; null: not even an idle one."""
    unattributed: int


class ReplicaPart(Part):
    """One replica."""

    name: str
    role: str
    """`stayed`, `stopped`, `new`, `restarted`, or empty without an event."""
    judged: int | None
    """Its part in what is judged; null where it is not judged."""
    answered: int
    connections_opened: int
    connections_open: int
    oldest_connection_seconds: float | None


class EventPart(Part):
    """What happened to replicas, and what that did."""

    kind: str
    start_seconds: float
    end_seconds: float
    stopped: list[str]
    came: list[str]
    lost: int
    """Requests whose connection broke with a replica that was stopped."""
    seconds_to_even: float | None
    """Null: never within the run, or too few connections to tell."""
    too_few_to_tell: bool


class RequestsPart(Part):
    """The account: planned = answered + failed."""

    planned: int
    answered: int
    failed: int
    failed_by_kind: dict[str, int]


class ConnectionsPart(Part):
    """The connections of the run."""

    opened: int
    open: int
    retired: int
    unattributed: int


class TimePart(Part):
    """A distribution of durations in seconds; null where there were none."""

    p50: float | None
    p90: float | None
    p99: float | None
    max: float | None

    @classmethod
    def of(cls, told: Durations) -> Self:
        """Take what is shown of a histogram."""
        return cls(p50=told.p50, p90=told.p90, p99=told.p99, max=told.max)


class Result(Part):
    """The result of one run of long-lived."""

    format: int = FORMAT
    name: str
    """Of the results folder."""
    scenario: str | None
    started: str | None
    """When the load began, in ISO 8601."""
    load_seconds: float | None
    finding: str
    """`even`, `pinned`, `uneven`, `too few`, `not judged` or `incomplete`."""
    passed: bool
    """Whether the finding is the one that experiment.expect names."""
    verdict: str
    evidence: str
    notes: list[str]
    judged: JudgedPart | None
    event: EventPart | None
    replicas: list[ReplicaPart]
    requests: RequestsPart | None
    connections: ConnectionsPart | None
    seconds: dict[str, TimePart]
    """`service`, `response`, `overhead` and `send_lag`."""
    settings: dict[str, Any] | None
    """All of them, as a values file states them."""
    origin: Origin


def result(facts: Facts) -> Result:
    """Put together the result of a run."""
    summary, verdict = facts.summary, facts.verdict
    told: dict[str, Any] = {"scenario": None, "started": None, "load_seconds": None}
    told |= {"requests": None, "connections": None, "seconds": {}, "settings": None}
    told |= {"replicas": [], "notes": list(facts.remarks)}
    if summary is not None:
        told["scenario"] = summary.settings.experiment.name
        told["started"], told["load_seconds"] = summary.started, summary.load_seconds
        told["requests"] = RequestsPart.model_validate(summary.requests, from_attributes=True)
        told["connections"] = ConnectionsPart.model_validate(
            summary.connections, from_attributes=True
        )
        told["seconds"] = {
            "service": TimePart.of(summary.service_seconds),
            "response": TimePart.of(summary.response_seconds),
            "overhead": TimePart.of(summary.overhead_seconds),
            "send_lag": TimePart.of(summary.send_lag_seconds),
        }
        told["settings"] = summary.settings.as_values()
        told["notes"] = [*notes(summary, verdict, history_of(summary)), *facts.remarks]
        told["replicas"] = [
            ReplicaPart(
                name=row.name,
                role=row.role,
                judged=row.judged,
                answered=row.answered,
                connections_opened=row.opened,
                connections_open=row.still_open,
                oldest_connection_seconds=row.oldest_seconds,
            )
            for row in replica_table(summary, verdict, facts.server_counts).rows
        ]
    return Result(
        name=facts.name,
        finding=str(verdict.finding),
        passed=verdict.passed,
        verdict=verdict.words,
        evidence=verdict.evidence,
        judged=_judged(facts),
        event=_event(facts),
        origin=facts.origin,
        **told,
    )


def as_json(facts: Facts) -> str:
    """Return the result as JSON, in one line."""
    return f"{result(facts).model_dump_json()}\n"


def _judged(facts: Facts) -> JudgedPart | None:
    found = facts.verdict.judged
    if found is None:
        return None
    low, high = chance_bounds(found.spread.total, len(found.spread.counts))
    return JudgedPart(
        unit=str(found.unit),
        start_seconds=found.start_seconds,
        end_seconds=found.end_seconds,
        total=found.spread.total,
        fair=found.spread.expected,
        chance_low=low,
        chance_high=high,
        p_value=found.spread.p_value,
        noticeable_shortfall=found.spread.noticeable,
        unattributed=found.unattributed,
    )


def _event(facts: Facts) -> EventPart | None:
    found = facts.verdict.effect
    if found is None:
        return None
    during = found.during
    return EventPart(
        kind=str(found.kind),
        start_seconds=during[0],
        end_seconds=during[1],
        stopped=found.stopped,
        came=found.came,
        lost=found.lost,
        seconds_to_even=found.seconds_to_even,
        too_few_to_tell=found.too_few_to_tell,
    )
