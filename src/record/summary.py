"""The summary of a run: what a client writes as its last line, and the lab judges.

One JSON object in one line. A client sums up its own run (`client.summary`); `merge` adds up
those of several.
"""

import json
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError

from long_lived.record.base import Record
from long_lived.record.error_kind import ErrorKind
from long_lived.record.histogram import Durations
from long_lived.record.timeline import TimelineCounts
from long_lived.settings import Settings
from long_lived.settings.errors import one_line

FORMAT: Literal[3] = 3
"""Version of the summary's layout; a reader refuses what it does not know."""

BEGINNING = '{"format":'
"""How a summary's line begins, whatever its format."""


def _with_zone(text: str) -> str:
    """Refuse a time without a zone, or what is not a time."""
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return text


class UnreadSummary(ValueError):
    """A summary of another format, or one that violates its own; the text is one line."""


class Start(Record):
    """One start of a pod's server, by its answers; times by the client's wall clock."""

    instance: str
    requests: int
    started_unix_seconds: float
    """When it started, which may be before the run."""
    opened_unix_seconds: float
    """When the first of its connections was opened."""
    answered_unix_seconds: float
    """When it answered last."""


class Pod(Record):
    """What one pod did for the clients."""

    requests: int
    connections_opened: int
    connections_open: int
    """Those of them that were open at the end."""
    oldest_connection_seconds: float
    starts: list[Start]
    """Its server's starts, first to last; none where the server does not tell them apart."""
    overhead_seconds: Durations
    open_age_seconds: Durations = Field(
        default_factory=lambda: Durations(count=0, bins={}), exclude_if=lambda told: not told.count
    )
    """Ages of those that were open at the end; none where an older client does not tell."""


class Requests(Record):
    """The account: planned = answered + failed."""

    planned: int
    sent: int
    sending_seconds: float
    """From the first send to the last."""
    answered: int
    failed: int
    failed_by_kind: dict[ErrorKind, int]


class Connections(Record):
    """The connections of a run."""

    opened: int
    open: int
    """Those of them that were open at the end."""
    retired: int
    """Those that the client closed between two requests, although they could have been kept."""
    resumed: int | None = Field(None, exclude_if=lambda count: count is None)
    """Those with TLS that resumed a session, and so were spared a full handshake; None without TLS,
    which JSON then leaves out."""
    unattributed: int
    """Those on which no answer ever came."""
    perfect_keep_alive: int
    most_requests_on_one: int
    half_carried_by: int
    """The fewest connections that together carried half of the answers; added up over clients."""
    reused: int
    """Those that carried more than one answer."""
    several_pods: int
    """Those of these on which more than one pod answered."""
    close_announced: int
    """Answers that said that their connection ends with them."""
    close_announced_ratio: float | None
    """Their share of all answers, 0 to 1; None without any."""


class Stalls(Record):
    """The standstills of the clients."""

    count: int
    total_seconds: float
    longest_seconds: float
    longest_at_seconds: float
    """When the longest began, by its client's clock."""


class Cost(Record):
    """What the clients took; 0 where a log does not tell."""

    cpu_seconds: float
    peak_memory_bytes: int


class Summary(Record):
    """What one client did, or all clients of a run together."""

    format: Literal[3] = FORMAT
    settings: Settings
    python: str
    clients: int
    client_ids: list[str]
    started: Annotated[str, AfterValidator(_with_zone)]
    """When the clock started, of the first client, in ISO 8601."""
    load_seconds: float
    stopped_by: str | None
    """Name of the signal that ended a client."""
    problem: str | None
    """What went wrong in a client."""
    requests: Requests
    pods: dict[str, Pod]
    connections: Connections
    service_seconds: Durations
    response_seconds: Durations
    overhead_seconds: Durations
    send_lag_seconds: Durations
    stalls: Stalls
    timeline: TimelineCounts
    cost: Cost

    @property
    def started_unix_seconds(self) -> float:
        """When the clock started."""
        return datetime.fromisoformat(self.started).timestamp()

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON object."""
        return self.model_dump(mode="json", by_alias=True)

    def __str__(self) -> str:
        """Return the line that `parse` reads."""
        # Not by pydantic, which writes 0.00001 as 1e-5 and not as 1e-05.
        return json.dumps(self.as_dict(), separators=(",", ":"))


def parse(line: str) -> Summary | None:
    """Read a summary's line; None for any other, and for one that is cut off.

    Raises:
        UnreadSummary: it has another format, or violates this one.
    """
    if not line.startswith(BEGINNING):
        return None
    try:
        return Summary.model_validate_json(line)
    except ValidationError as error:
        wrong = error.errors()[0]
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if told["format"] != FORMAT:
        raise UnreadSummary(f"a summary of format {told['format']!r}: must be {FORMAT}")
    where = ".".join(str(part) for part in wrong["loc"])
    text = f"a summary of format {FORMAT} that does not keep to it: {where}: {wrong['msg']}"
    raise UnreadSummary(one_line(text))
