"""Where an experiment runs: the interface that processes here and pods on a cluster share."""

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Protocol, Self

from long_lived.lab.experiment.moment import Moment
from long_lived.lab.experiment.outcome import Outcome

Pause = Callable[[], bool]
"""Waits a little; returns True when the user asks to stop."""


class Trouble(Exception):
    """Something that keeps the experiment from going on; its text is one line for the user."""


class Backend(Protocol):
    """Servers and clients of one run, and what can be done to them.

    A context manager: at its end nothing is left that the run has started and that the
    user has not asked to keep. No method blocks for long but `prepare` and `stop`.
    """

    def __enter__(self) -> Self:
        """Begin."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Clean up."""

    def prepare(self, show: Callable[[Moment], None], pause: Pause) -> None:
        """Have the servers ready and the clients started; return early when `pause` says so.

        Raises:
            Trouble: they cannot be had.
        """

    def look(self) -> Moment:
        """Take in what has happened, and return how the run stands."""

    def running(self) -> bool:
        """Tell whether a client still runs."""

    def clock_started_unix_seconds(self) -> float | None:
        """Tell when the last client started its clock, by ours; None while one has not."""

    def serving(self) -> list[str]:
        """List the replicas that serve, oldest first."""

    def restart(self, replicas: Sequence[str]) -> None:
        """Begin to stop `replicas`, each of which is replaced by a new one."""

    def replaced(self) -> bool:
        """Tell whether every replica that was stopped has a replacement that is ready."""

    def longest_seconds(self) -> float:
        """Tell how long the clients may take, from `prepare` on."""

    def stop(self, number: int) -> None:
        """Signal the clients and wait, with a bound, until they have written their summaries."""

    def collect(self) -> Outcome:
        """Return what was seen; called once, when no client runs."""
