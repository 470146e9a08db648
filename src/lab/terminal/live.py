"""A run on a terminal, drawn in place: the account, a bar for each replica, what happened to them.

Nothing is asked for it: the clients tell once a second how they stand. It is drawn as often, by
who shows it and not by a thread of its own.
"""

import sys
import time
from collections import deque
from collections.abc import Callable, Mapping

from rich.console import Console, ConsoleOptions, Group, JustifyMethod, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from long_lived.lab.analysis.events.change import happened
from long_lived.lab.experiment.moment import Moment, Standing
from long_lived.lab.report.page.text import clean
from long_lived.record.lines import printable
from long_lived.resources.clock import unix_seconds

REDRAW_SECONDS = 1.0
"""The clients tell no more often how they stand."""

RATE_SECONDS = 5.0
"""A rate is that of so many seconds: the clients tell how they stand once a second, or in five."""

OTHER_COLUMNS = 55
"""What all but the two bars take, with a name of 16 characters."""
WIDEST_BAR = 30
MOST_NAME = 28
MOST_EVENTS = 6
OTHER_LINES = 7
"""What all but replicas and events take, with room below."""


class Rates:
    """Answers per second of each replica, from what it has had so far."""

    def __init__(self) -> None:
        """Know of none yet."""
        self._seen: deque[tuple[float, Mapping[str, Standing]]] = deque()

    def take(self, now: float, by_replica: Mapping[str, Standing]) -> None:
        """Take in how replicas stand `now`."""
        if not self._seen or self._seen[-1][1] != by_replica:
            self._seen.append((now, by_replica))
        # The first that is kept is the last before the stretch of time that counts.
        while len(self._seen) > 2 and self._seen[1][0] <= now - RATE_SECONDS:
            self._seen.popleft()

    def of(self, name: str, now: float) -> float:
        """Return those of a replica in the last seconds."""
        if not self._seen:
            return 0.0
        (began, first), (ended, last) = self._seen[0], self._seen[-1]
        answered = last.get(name, Standing()).answered - first.get(name, Standing()).answered
        # Between two reports nothing is known; without any for long, nobody answers.
        end = ended if now - ended <= RATE_SECONDS else now
        return answered / max(end - began, 1.0)


class LiveDisplay:
    """Redraws the table of a run; a context manager."""

    def __init__(self, console: Console, now: Callable[[], float] = time.monotonic) -> None:
        """Draw on `console`."""
        self._console = console
        self._now = now
        self._next = 0.0
        self._rates = Rates()
        # What is printed meanwhile goes above the table, if it goes to the same terminal.
        self._live = Live(
            console=console, auto_refresh=False, transient=True, redirect_stderr=sys.stderr.isatty()
        )

    def __enter__(self) -> "LiveDisplay":
        """Take over the bottom of the terminal."""
        self._live.start()
        # Who ends us at once, by a second Ctrl-C, must not be left without it.
        self._console.show_cursor(True)
        return self

    def __exit__(self, *_: object) -> None:
        """Give it back."""
        self._live.stop()

    def show(self, moment: Moment) -> None:
        """Redraw, if it is time to."""
        now = self._now()
        if moment.by_replica:
            self._rates.take(now, moment.by_replica)
        if now < self._next and moment.planned:
            return
        self._next = now + REDRAW_SECONDS
        rates = {name: self._rates.of(name, now) for name in moment.by_replica}
        self._live.update(_Picture(moment, rates), refresh=True)


class _Picture:
    """One moment, as wide and as high as there is room for."""

    def __init__(self, moment: Moment, rates: Mapping[str, float]) -> None:
        self._moment = moment
        self._rates = rates

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> list[RenderableType]:
        moment = self._moment
        bar = max(4, min(WIDEST_BAR, (options.max_width - OTHER_COLUMNS) // 2))
        parts: list[RenderableType] = [Text(printable(moment.note))] if moment.note else []
        if moment.planned:
            events = happened(moment.changes)[-MOST_EVENTS:]
            room = max(3, console.height - OTHER_LINES - len(events))
            parts += [self._account(2 * bar), "", self._replicas(bar, room)]
            parts += [self._event(*one) for one in events]
        return [Group(*parts)]

    def _account(self, width: int) -> Table:
        moment = self._moment
        table = _grid("left", "left", "left")
        started = moment.clock_started_unix_seconds
        elapsed = 0.0 if started is None else max(0.0, unix_seconds() - started)
        done, of_all, words = elapsed, moment.duration_seconds, f"{elapsed:.0f} of {{:g}} s"
        if not of_all:
            done, of_all = moment.answered + moment.failed, moment.planned
            words = f"{elapsed:.0f} s, {{:,}} planned"
        table.add_row(_name("time"), words.format(of_all), _bar(done, of_all, width))
        failed = Text(f"{moment.failed:,} failed", "red" if moment.failed else "")
        answered = f"{moment.answered:,} answered  "
        table.add_row(
            _name("requests"), f"{moment.in_flight:,} in flight", Text.assemble(answered, failed)
        )
        held = sum(one.held for one in moment.by_replica.values()) + moment.nameless
        waits = f"{moment.nameless:,} without an answer so far" if moment.nameless else ""
        table.add_row(_name("connections"), f"{held:,} open", waits)
        return table

    def _replicas(self, width: int, room: int) -> Table:
        by_replica, rates = self._moment.by_replica, self._rates
        table = _grid("left", "left", "right", "left", "right", "right", "right")
        heading = ("replica", "", "answers/s", "", "held", "answered", "failed")
        table.add_row(*(_name(word) for word in heading))
        most_rate = max(rates.values(), default=0.0)
        most_held = max((one.held for one in by_replica.values()), default=0)
        names = list(by_replica)
        left_out = len(names) - room
        if left_out > 0:
            # The oldest, and the newest: those that came in an event are the last.
            shown = room - 1
            names = [*names[: shown // 2], "", *names[len(names) - (shown - shown // 2) :]]
            left_out += 1
        stopped = {one.old for one in self._moment.changes if not one.in_place}
        for name in names:
            if not name:
                table.add_row(Text(f"… {left_out:,} more", "dim"))
                continue
            one, rate = by_replica[name], rates[name]
            table.add_row(
                Text(clean(name, MOST_NAME), "dim" if name in stopped else ""),
                _bar(rate, most_rate, width),
                f"{rate:,.0f}" if rate >= 10 or not rate else f"{rate:.1f}",
                _bar(one.held, most_held, width),
                f"{one.held:,}",
                f"{one.answered:,}",
                Text(f"{one.failed:,}", "red" if one.failed else ""),
            )
        return table

    def _event(self, at_unix_seconds: float, what: str) -> Text:
        started = self._moment.clock_started_unix_seconds
        when = "" if started is None else f"{at_unix_seconds - started:.1f} s  "
        return Text(f"{when}{clean(what, 160)}", overflow="ellipsis", no_wrap=True)


def _grid(*columns: JustifyMethod) -> Table:
    table = Table.grid(padding=(0, 2))
    for justify in columns:
        table.add_column(justify=justify, no_wrap=True)
    return table


def _bar(part: float, whole: float, width: int) -> ProgressBar:
    return ProgressBar(
        total=whole or 1.0, completed=part, width=width, finished_style="bar.complete"
    )


def _name(text: str) -> Text:
    return Text(text, "bold")
