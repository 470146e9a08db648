"""The course of an experiment on a fake backend: what is done, in which order, and what is kept."""

import signal
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from long_lived.lab.experiment import course
from long_lived.lab.experiment.backend import Signal, Trouble
from long_lived.lab.experiment.course import run_experiment
from long_lived.lab.experiment.events.registry import planned_events
from long_lived.lab.experiment.moment import Moment, Standing
from long_lived.lab.experiment.outcome import Outcome
from long_lived.settings import load

RESTART = (
    *("experiment.event.kind=restart", "experiment.event.afterSeconds=1"),
    "experiment.event.count=1",
)
MOMENT = Moment(10, 5, 5, 0, {"server-a": Standing(5)})
STARTING = Moment(0, 0, 0, 0, {}, "starting 2 replicas")


class HandBackend:
    """A backend that records what it is asked, and runs for a number of ticks."""

    def __init__(self, looks: int = 3, trouble: str | None = None, seconds: float = 100.0) -> None:
        self.calls: list[str] = []
        self.looks = looks
        self.started: float | None = 0.0
        self.on_look: Callable[[], None] = lambda: None
        self.unready = 2
        self._loaded = False
        self._trouble = trouble
        self._seconds = seconds

    def __enter__(self) -> "HandBackend":
        self.calls.append("enter")
        return self

    def __exit__(self, *_: object) -> None:
        self.calls.append("exit")

    def start(self, tell: Callable[[str], None]) -> None:
        self.calls.append("start")
        tell(STARTING.note)
        if self._trouble:
            raise Trouble(self._trouble)

    def ready(self) -> bool:
        self.unready -= 1
        return self.unready < 0

    def load(self) -> None:
        assert self.unready < 0, "clients wait for the servers"
        self.calls.append("load")
        self._loaded = True

    def look(self) -> Moment:
        self.looks -= 1
        self.on_look()
        return MOMENT

    def running(self) -> bool:
        return self._loaded and self.looks > 0

    def clock_started_unix_seconds(self) -> float | None:
        return self.started

    def serving(self) -> list[str]:
        return ["server-a", "server-b"]

    def restart(self, replicas: Sequence[str], how: Signal) -> None:
        self.calls.append(f"restart {' '.join(replicas)} {how}")

    def settled(self) -> bool:
        return True

    def longest_seconds(self) -> float:
        return self._seconds

    def stop(self, number: int) -> None:
        self.calls.append(f"stop {signal.Signals(number).name}")
        self.looks = 0

    def collect(self) -> Outcome:
        self.calls.append("collect")
        return Outcome(problems=["client-1 left no summary"], replicas=["server-a"])


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ticks follow one another without a pause."""
    monkeypatch.setattr(course, "TICK_SECONDS", 0.0)


def carried_out(
    backend: HandBackend, *settings: str, stop: Callable[[], int | None] = lambda: None
) -> tuple[Outcome, list[Moment]]:
    """Run an experiment; return its outcome, and what was shown."""
    shown: list[Moment] = []
    events = planned_events(load([], list(settings), {}))
    found = run_experiment(backend, events, Path("results"), shown.append, stop)
    assert found.verdict.finding in " ".join(found.report)
    return found.seen, shown


def test_run_is_started_loaded_watched_and_collected() -> None:
    """Each step happens once and in order, and each step and tick is shown."""
    backend = HandBackend(looks=3)
    seen, shown = carried_out(backend)
    assert backend.calls == ["enter", "start", "load", "collect", "exit"]
    stood = replace(MOMENT, clock_started_unix_seconds=backend.started)
    assert shown == [STARTING, *[stood] * 4]
    assert (seen.stopped_by, seen.problems) == (None, ["client-1 left no summary"])


def test_trouble_ends_the_run_and_keeps_what_there_is() -> None:
    """Replicas that do not start are the first problem; whatever else exists is collected."""
    backend = HandBackend(trouble="server-a did not start")
    seen, _ = carried_out(backend)
    assert backend.calls == ["enter", "start", "collect", "exit"]
    assert seen.problems == ["server-a did not start", "client-1 left no summary"]
    assert seen.replicas == ["server-a"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=str)
def test_signal_stops_the_clients_with_the_same_signal(number: int) -> None:
    """A signal during the run is passed on, and the results are collected afterwards."""
    backend = HandBackend(looks=1000)
    seen, _ = carried_out(backend, stop=lambda: number if backend.looks < 990 else None)
    assert backend.calls == [
        "enter",
        "start",
        "load",
        f"stop {signal.Signals(number).name}",
        "collect",
        "exit",
    ]
    assert seen.stopped_by == number


def test_signal_before_the_load_starts_no_clients() -> None:
    """A lab that is stopped while it waits for servers starts no clients."""
    backend = HandBackend()
    backend.unready = 10**9
    seen, _ = carried_out(backend, stop=lambda: signal.SIGINT)
    assert backend.calls == ["enter", "start", "collect", "exit"]
    assert seen.stopped_by == signal.SIGINT


def test_clients_that_never_end_are_stopped() -> None:
    """A run is bounded: at its end clients are told to stop, which is a problem."""
    backend = HandBackend(looks=10**9, seconds=0.0)
    seen, _ = carried_out(backend)
    assert "stop SIGTERM" in backend.calls
    assert seen.problems[0] == "the clients did not end within the time the settings allow"
    assert seen.stopped_by is None


def test_restart_happens_in_the_middle_of_the_run() -> None:
    """The restart that the settings ask for happens once, while the clients run."""
    backend = HandBackend(looks=5)
    seen, _ = carried_out(backend, *RESTART)
    assert backend.calls == [
        "enter",
        "start",
        "load",
        "restart server-b graceful",
        "collect",
        "exit",
    ]
    assert seen.problems == ["client-1 left no summary"]


@pytest.mark.parametrize(
    ("trouble", "number", "told"),
    [(None, None, True), (None, signal.SIGINT, False), ("no cluster", None, False)],
    ids=["ended-early", "stopped", "in-trouble"],
)
def test_missed_restart_is_reported_where_nothing_else_explains_it(
    trouble: str | None, number: int | None, told: bool
) -> None:
    """A run too short for its restart says so; one that was stopped has already said enough."""
    backend = HandBackend(trouble=trouble)
    backend.started = None
    seen, _ = carried_out(backend, *RESTART, stop=lambda: number)
    assert any("did not happen" in problem for problem in seen.problems) is told


def test_error_in_the_lab_itself_still_cleans_up() -> None:
    """Whatever happens, the backend is closed."""
    backend = HandBackend()

    def fail() -> None:
        raise ZeroDivisionError

    backend.on_look = fail
    with pytest.raises(ZeroDivisionError):
        carried_out(backend)
    assert backend.calls[-1] == "exit"
