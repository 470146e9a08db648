"""How a run is shown while it goes on: live on a terminal, else a line every few seconds."""

import os
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Protocol

from rich.console import Console

from long_lived.lab.experiment.moment import Moment
from long_lived.lab.terminal.live import LiveDisplay
from long_lived.record.lines import printable

LINE_SECONDS = 5.0


class Display(Protocol):
    """Shows moments of a run; a context manager."""

    def __enter__(self) -> "Display":
        """Begin."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End, leaving the terminal as it was."""

    def show(self, moment: Moment) -> None:
        """Show how the run stands."""


def display(console: Console, environment: Mapping[str, str] = os.environ) -> Display:
    """Choose the display that `console` can carry: a terminal that can move its cursor, or not.

    A log of CI is read later, even where it pretends to be a terminal.
    """
    live = console.is_terminal and not console.is_dumb_terminal and not environment.get("CI")
    return LiveDisplay(console) if live else LineDisplay(console)


class LineDisplay:
    """A plain line at every change of the note, and every few seconds."""

    def __init__(self, console: Console, now: Callable[[], float] = time.monotonic) -> None:
        """Print to `console`."""
        self._console = console
        self._now = now
        self._began = now()
        self._next = 0.0
        self._note = ""

    def __enter__(self) -> "LineDisplay":
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """End."""

    def show(self, moment: Moment) -> None:
        """Print a line when it is time for one."""
        now = self._now() - self._began
        if now >= self._next or moment.note not in ("", self._note):
            self._next = now + LINE_SECONDS
            text = moment.note if moment.note and not moment.planned else _line(moment)
            line = f"{now:6.1f} s  {printable(text)}"
            self._console.print(line, soft_wrap=True, markup=False)
        self._note = moment.note


def _line(moment: Moment) -> str:
    pods = ", ".join(f"{name} {one.answered}" for name, one in moment.by_replica.items())
    return (
        f"{moment.planned} planned, {moment.in_flight} in flight, {moment.answered} answered, "
        f"{moment.failed} failed ({pods})"
    )
