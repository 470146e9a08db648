"""How a run is shown while it goes on: live on a terminal, else a line every few seconds."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Protocol

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from long_lived.lab.experiment.moment import Moment
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


def display(console: Console) -> Display:
    """Choose the display that `console` can carry: a terminal that can move its cursor, or not."""
    live = console.is_terminal and not console.is_dumb_terminal
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


class LiveDisplay:
    """A small table that is redrawn in place."""

    def __init__(self, console: Console) -> None:
        """Draw on `console`."""
        self._began = time.monotonic()
        self._live = Live(console=console, refresh_per_second=5, transient=True)

    def __enter__(self) -> "LiveDisplay":
        """Take over the bottom of the terminal."""
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Give it back."""
        self._live.stop()

    def show(self, moment: Moment) -> None:
        """Redraw."""
        self._live.update(_table(moment, time.monotonic() - self._began))


def _line(moment: Moment) -> str:
    pods = ", ".join(f"{name} {count}" for name, count in moment.by_replica.items())
    return (
        f"{moment.planned} planned, {moment.in_flight} in flight, {moment.answered} answered, "
        f"{moment.failed} failed ({pods})"
    )


def _table(moment: Moment, seconds: float) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="left")
    table.add_column(justify="right")
    table.add_column()
    width = 30
    table.add_row(_name("time"), f"{seconds:.0f} s", Text(printable(moment.note)))
    done = moment.answered + moment.failed
    bar = ProgressBar(total=max(1, moment.planned), completed=done, width=width)
    table.add_row(_name("planned"), f"{moment.planned:,}", bar)
    table.add_row(_name("in flight"), f"{moment.in_flight:,}")
    table.add_row(_name("answered"), f"{moment.answered:,}")
    table.add_row(_name("failed"), Text(f"{moment.failed:,}", "red" if moment.failed else ""))
    most = max(moment.by_replica.values(), default=0)
    for name, count in moment.by_replica.items():
        bar = ProgressBar(total=max(1, most), completed=count, width=width)
        table.add_row(Text(f"  {printable(name)}"), f"{count:,}", bar)
    return table


def _name(text: str) -> Text:
    return Text(text, "bold")
