"""How a run stands at one moment: what the display shows."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Moment:
    """The clients' account, added up, and the answers of each replica."""

    planned: int
    in_flight: int
    answered: int
    failed: int
    by_replica: dict[str, int]
    note: str = ""
