"""When the client itself stood still: stopped, suspended, or kept from the processor.

What it then measured is its own standstill, not a server's. A stall shows where a wait takes
longer than asked for. A time in which single users waited for their turn does not show.
"""

from dataclasses import dataclass

from long_lived.record import summary

NOTED_SECONDS = 0.5
"""Shortest standstill that counts: a hundred scheduler ticks, far above what a thread
waits on a busy machine."""


@dataclass
class Stalls:
    """The standstills of one client. Not thread-safe: one thread notes them."""

    count: int = 0
    total_seconds: float = 0.0
    longest_seconds: float = 0.0
    longest_at_seconds: float = 0.0
    """When the longest began, by the client's clock."""

    def note(self, began_seconds: float, asked_seconds: float, took_seconds: float) -> None:
        """Take in a wait that began at a time of the clock, and took longer than asked for."""
        late = took_seconds - asked_seconds
        if late < NOTED_SECONDS:
            return
        self.count += 1
        self.total_seconds += late
        if late > self.longest_seconds:
            self.longest_seconds, self.longest_at_seconds = late, began_seconds

    def as_record(self) -> summary.Stalls:
        """Return what the summary keeps."""
        return summary.Stalls(
            count=self.count,
            total_seconds=round(self.total_seconds, 3),
            longest_seconds=round(self.longest_seconds, 3),
            longest_at_seconds=round(self.longest_at_seconds, 3),
        )
