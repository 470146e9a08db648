"""How a run is shown while it is under way."""

import io

import pytest
from rich.console import Console

from long_lived.lab.experiment.moment import Moment, Standing
from long_lived.lab.terminal.display import LINE_SECONDS, LineDisplay, display
from long_lived.lab.terminal.live import LiveDisplay


class Scene:
    """A line display with a clock that only the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._stream = io.StringIO()
        self._display = LineDisplay(Console(file=self._stream, width=40), lambda: self.now)

    def show(self, after_seconds: float, moment: Moment) -> list[str]:
        """Show a moment; return the lines it printed."""
        self.now = 1000.0 + after_seconds
        before = len(self._stream.getvalue())
        with self._display as shown:
            shown.show(moment)
        return self._stream.getvalue()[before:].splitlines()


@pytest.fixture
def scene() -> Scene:
    """Make a line display."""
    return Scene()


def running(answered: int = 0, note: str = "") -> Moment:
    """Make a moment of a run."""
    return Moment(
        *(10_000, 9_000 - answered, answered, 5),
        {"server-a": Standing(answered), "server-b": Standing()},
        note,
    )


def test_line_shows_the_account_and_each_replica(scene: Scene) -> None:
    """A line has the time, the account and the answers by replica, and never wraps."""
    assert scene.show(7, running(3)) == [
        "   7.0 s  10000 planned, 8997 in flight, 3 answered, 5 failed (server-a 3, server-b 0)"
    ]


def test_line_comes_every_few_seconds_and_not_between(scene: Scene) -> None:
    """However often moments arrive, a line is printed only every few seconds."""
    assert len(scene.show(0, running())) == 1
    assert scene.show(LINE_SECONDS - 0.1, running(1)) == []
    assert len(scene.show(LINE_SECONDS, running(2))) == 1
    assert scene.show(LINE_SECONDS + 0.1, running(3)) == []
    assert len(scene.show(10 * LINE_SECONDS, running(4))) == 1


def test_new_note_is_printed_at_once(scene: Scene) -> None:
    """What the lab waits for is printed when it changes, once."""
    nothing = {"planned": 0, "in_flight": 0, "answered": 0, "failed": 0, "by_replica": {}}
    assert scene.show(0, Moment(**nothing, note="starting")) == ["   0.0 s  starting"]
    assert scene.show(0.5, Moment(**nothing, note="starting")) == []
    assert scene.show(1, Moment(**nothing, note="waiting")) == ["   1.0 s  waiting"]
    assert scene.show(1.5, Moment(**nothing)) == []


@pytest.mark.parametrize(
    ("terminal", "kind"), [(True, LiveDisplay), (False, LineDisplay)], ids=["terminal", "pipe"]
)
def test_display_follows_from_the_console(terminal: bool, kind: type) -> None:
    """A terminal gets a table that is redrawn, anything else plain lines."""
    console = Console(file=io.StringIO(), force_terminal=terminal)
    assert isinstance(display(console, {}), kind)


def test_plain_lines_hold_no_control_characters(scene: Scene) -> None:
    """A log of a run can be read with any tool."""
    (line,) = scene.show(0, running(5))
    assert line.isprintable()


@pytest.mark.parametrize("kind", [LiveDisplay, LineDisplay])
def test_names_are_shown_and_not_obeyed(kind: type[LiveDisplay] | type[LineDisplay]) -> None:
    """A replica's name and a cluster's note can neither colour nor move anything."""
    hostile = "\x1b]0;owned\x07[red]x[/][/nothing]"
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=200, highlight=False)
    with kind(console) as shown:
        shown.show(Moment(10, 0, 10, 0, {hostile: Standing(10)}, hostile))
    assert "�]0;owned�[red]x[/][/nothing]" in stream.getvalue()
    assert "\x1b]" not in stream.getvalue()
