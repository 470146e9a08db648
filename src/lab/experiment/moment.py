"""How a run stands at one moment: what the display shows."""

from collections.abc import Sequence
from dataclasses import dataclass

from long_lived.lab.analysis.events.change import Change


@dataclass(frozen=True)
class Standing:
    """What one replica has had so far."""

    answered: int = 0
    failed: int = 0
    """On connections that are known to be its."""
    held: int = 0

    def with_more(self, answered: int, failed: int, held: int) -> "Standing":
        """Add what another client has had of it."""
        return Standing(self.answered + answered, self.failed + failed, self.held + held)


@dataclass(frozen=True)
class Moment:
    """The clients' account, added up, and by replica."""

    planned: int
    in_flight: int
    answered: int
    failed: int
    by_replica: dict[str, Standing]
    note: str = ""
    nameless: int = 0
    """Open connections on which no answer has come yet."""
    changes: Sequence[Change] = ()
    """What has happened to replicas."""
    clock_started_unix_seconds: float | None = None
    """When the last client started its clock; None while one has not."""
    duration_seconds: float = 0.0
    """How long requests are sent; 0 where their number decides."""
