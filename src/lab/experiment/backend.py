"""Where an experiment runs: the interface that processes here and pods on a cluster share."""

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Literal, Protocol, Self

from long_lived.lab.experiment.moment import Moment
from long_lived.lab.experiment.outcome import Outcome

Signal = Literal["graceful", "kill"]
"""SIGTERM, and SIGKILL at the end of the grace period; or SIGKILL at once."""


class Trouble(Exception):
    """Something that stops the experiment; the text is one line for the user."""


class Backend(Protocol):
    """The servers and clients of one run.

    A context manager: at its end nothing that the run started is left, unless the user
    asked to keep it. No method blocks for long but `start`, `stop` and `collect`.

    The course of the experiment calls `start`, `ready` until it is true, `load`, then `look`
    until nothing is `running`, and `collect`. In between, events act on the replicas, one step
    at a time: the next one when everything is `settled`.
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

    def start(self, tell: Callable[[str], None]) -> None:
        """Start the servers; `tell` is given a line for each step that takes a while.

        Raises:
            Trouble: they cannot be started.
        """

    def ready(self) -> bool:
        """Tell whether the clients may start.

        Raises:
            Trouble: they never may.
        """

    def load(self) -> None:
        """Start the clients, unless they came with the servers.

        Raises:
            Trouble: they cannot be started.
        """

    def look(self) -> Moment:
        """Take in what has happened, and return how the run stands."""

    def running(self) -> bool:
        """Tell whether a client still runs, or is still to come."""

    def longest_seconds(self) -> float:
        """Tell how long the clients may take, from `load` on."""

    def stop(self, number: int) -> None:
        """Signal the clients and wait, with a bound, until they have written their summaries."""

    def collect(self) -> Outcome:
        """Return what was seen; called once, when no client runs."""

    # What events go by, and what they do.

    def clock_started_unix_seconds(self) -> float | None:
        """Tell when the last client started its clock, by ours; None while one has not."""

    def serving(self) -> list[str]:
        """List the replicas that serve, oldest first."""

    def restart(self, replicas: Sequence[str], how: Signal) -> None:
        """Begin to stop `replicas`; a new one replaces each."""

    def crash(self, replicas: Sequence[str]) -> None:
        """Kill what serves as `replicas`; each comes back under its name, as another instance."""

    def add(self, count: int) -> None:
        """Begin to have `count` replicas more."""

    def remove(self, count: int) -> None:
        """Begin to stop `count` replicas for good: the newest, where the backend can choose."""

    def roll_out(self) -> None:
        """Begin to replace all replicas that serve, a few at a time, as the settings say."""

    def settled(self) -> bool:
        """Tell whether all that was begun is over: who comes is ready, who goes for good is gone.

        A replica that is replaced may go on draining.
        """
