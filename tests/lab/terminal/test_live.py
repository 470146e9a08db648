"""A run on a real terminal: drawn while it goes on, and nothing of that is left."""

import os
import pty
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from tests.lab.commands.lab import FEW, LASTING, clean_environment
from tests.waiting import eventually

from long_lived.lab.analysis.events.change import Change
from long_lived.lab.experiment.moment import Moment, Standing
from long_lived.lab.terminal.display import display
from long_lived.lab.terminal.live import RATE_SECONDS, LiveDisplay, Rates

BOUND_SECONDS = 120
LOGIN = "import os, sys; os.login_tty(0); os.execv(sys.argv[1], sys.argv[1:])"
CONTROL = re.compile(r"\x1b\[[\d;?]*[A-Za-z]")
CURSOR_HIDDEN, CURSOR_SHOWN = "\x1b[?25l", "\x1b[?25h"


class Screen:
    """The end of a terminal that a user looks at."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        """Start a command whose controlling terminal it is."""
        self._ours, its = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", LOGIN, *command], stdin=its, env=environment
        )
        os.close(its)
        self._shown = bytearray()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    @property
    def raw(self) -> str:
        """All that was written to it so far."""
        return self._shown.decode(errors="replace")

    @property
    def text(self) -> str:
        """The same without colours and movements."""
        return CONTROL.sub("", self.raw)

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._ours, keys)

    def finish(self) -> int:
        """Wait for the command's end, and return its exit status."""
        status = self.process.wait(BOUND_SECONDS)
        self._reader.join(BOUND_SECONDS)
        return status

    def close(self) -> None:
        """End the command, and give the terminal back."""
        self.process.kill()
        self.process.wait(BOUND_SECONDS)
        self._reader.join(BOUND_SECONDS)
        os.close(self._ours)

    def _read(self) -> None:
        with suppress(OSError):  # how a terminal reports that nobody has it open any more
            while part := os.read(self._ours, 65_536):
                self._shown += part


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[Screen]:
    """Run the lab on a terminal, with a replica that comes in the middle."""
    event = ("kind=scale-up", "afterSeconds=1", "count=1", "replacementSeconds=0")
    settings = (*FEW, LASTING, *(f"experiment.event.{one}" for one in event))
    flags = [part for one in settings for part in ("--set", one)]
    lab = [sys.executable, "-m", "long_lived.lab", "run", "smoke", "--out", str(tmp_path), *flags]
    made = Screen(lab, clean_environment() | {"TERM": "xterm", "COLUMNS": "100", "LINES": "30"})
    yield made
    made.close()


def test_run_is_drawn_and_ends_at_ctrl_c_with_its_report(screen: Screen) -> None:
    """Replicas, what they hold and events show while it runs; the report is below, undisturbed."""
    eventually(lambda: re.search(r"\d s +server-b was ready", screen.text))
    eventually(lambda: re.search(r"server-a +━+ +\d[\d,.]* +━+ +\d+ +[\d,]+ +0\r", screen.text))
    assert re.search(r"connections +\d+ open", screen.text)
    screen.type(b"\x03")
    assert screen.finish() == 130
    report = screen.raw[screen.raw.rindex("counts server-name") :]
    assert "\nverdict      " in report
    assert not CONTROL.search(report)
    assert screen.raw.rfind(CURSOR_SHOWN) > screen.raw.rfind(CURSOR_HIDDEN)


class Terminal:
    """A live display on a terminal of that size, with a clock that only the test moves."""

    def __init__(self, width: int = 80, height: int = 24, **environment: str) -> None:
        self.now = 1000.0
        self.stream = StringIO()
        told = {"TERM": "xterm", **environment}
        console = Console(
            file=self.stream, force_terminal=True, width=width, height=height, _environ=told
        )
        self._display = LiveDisplay(console, lambda: self.now)

    def shown(self, moment: Moment, after_seconds: float = 0.0) -> list[str]:
        """Show a moment; return the lines that are drawn for it."""
        self.now = 1000.0 + after_seconds
        with self._display as shown:
            before = len(self.stream.getvalue())
            shown.show(moment)
            drawn = self.stream.getvalue()[before:]
        return [line.rstrip() for line in CONTROL.sub("", drawn).splitlines()]


def standing(*replicas: Standing, **given: object) -> Moment:
    """Make a moment at which replicas stand so."""
    names = {f"server-{index}": one for index, one in enumerate(replicas)}
    return Moment(
        **({"planned": 900, "in_flight": 7, "answered": 800, "failed": 3} | given), by_replica=names
    )


def test_account_replicas_and_events_are_drawn() -> None:
    """Everything that clients and lab tell is there, and a moment soon after draws nothing."""
    change = Change(
        1_800_000_003.0, old="server-0", new="server-1", ready_unix_seconds=1_800_000_005.5
    )
    moment = standing(
        *(Standing(1234, 3, 40), Standing(500, 0, 60)),
        nameless=5,
        changes=[change],
        clock_started_unix_seconds=1_800_000_000.0,
    )
    terminal = Terminal()
    lines = terminal.shown(moment)
    words = [
        " ".join(line.replace("━", "").replace("╸", "").replace("╺", "").split()) for line in lines
    ]
    assert "requests 7 in flight 800 answered 3 failed" in words
    assert "connections 105 open 5 without an answer so far" in words
    assert "server-0 0 40 1,234 3" in words
    assert lines[-2:] == ["3.0 s  server-0 was stopped", "5.5 s  server-1 was ready"]
    assert max(map(len, lines)) <= 80
    assert terminal.shown(moment, 0.1) == []
    assert terminal.shown(moment, 2)


def test_many_replicas_are_cut_to_the_height_of_the_terminal() -> None:
    """The oldest and the newest stay, and how many are left out is said."""
    lines = Terminal(height=20).shown(standing(*[Standing(1, 0, 1)] * 200))
    assert len(lines) < 20
    text = "\n".join(lines)
    assert "server-0 " in text
    assert "server-199 " in text
    left_out = re.search(r"… (\d+) more", text)
    assert left_out is not None
    assert int(left_out[1]) + text.count("server-") == 200


def test_name_of_a_server_that_is_not_ours_cannot_draw() -> None:
    """What would move the cursor, or stand for a colour, is shown as text."""
    moment = Moment(9, 0, 9, 0, {"[red]\x1b[2J\n": Standing(9, 0, 0)})
    terminal = Terminal()
    assert any("[red]�[2J�" in line for line in terminal.shown(moment))


def test_rate_is_that_of_the_last_seconds() -> None:
    """It follows what changes, and falls to nothing where no answer comes any more."""
    rates = Rates()
    for second in range(21):
        rates.take(second, {"a": Standing(10 * second), "b": Standing(7)})
    assert rates.of("a", 20.5) == pytest.approx(10)
    assert rates.of("b", 20.5) == 0
    later = 20 + 100 * RATE_SECONDS
    rates.take(later, {"a": Standing(200), "b": Standing(7)})
    assert rates.of("a", later) < 1
    assert rates.of("c", later) == 0


def test_log_of_ci_gets_lines() -> None:
    """Also where it pretends to be a terminal."""
    console = Console(file=StringIO(), force_terminal=True)
    assert not isinstance(display(console, {"CI": "true"}), LiveDisplay)
