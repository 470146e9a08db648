"""The kinds of events: what each asks of its backend, in which order, and what it left undone."""

from collections.abc import Sequence
from typing import get_args

import pytest

from long_lived.lab.experiment.backend import Signal
from long_lived.lab.experiment.events.registry import KINDS, planned_events
from long_lived.lab.experiment.schedule import Schedule
from long_lived.settings import Settings, load
from long_lived.settings.sections.experiment import EventKind

THREE = ["server-a", "server-b", "server-c"]
CLOCK = 1000.0
"""When the clients' clock starts, on ours."""


def settings_of(kind: str, *settings: str) -> Settings:
    """Make settings with an event; `settings` are relative to experiment.event."""
    given = [f"experiment.event.{setting}" for setting in (f"kind={kind}", *settings)]
    return load([], ["server.replicas=10", "server.runtime=gunicorn", *given], {})


class Stage:
    """A fake backend: what it begins is over when the test says so."""

    def __init__(self, serving: Sequence[str] = THREE) -> None:
        self.started: float | None = CLOCK
        self.alive = list(serving)
        self.over = True
        self.done: list[str] = []

    def clock_started_unix_seconds(self) -> float | None:
        return self.started

    def serving(self) -> list[str]:
        return list(self.alive)

    def settled(self) -> bool:
        return self.over

    def restart(self, replicas: Sequence[str], how: Signal) -> None:
        self.alive = [name for name in self.alive if name not in replicas]
        self.alive += [f"{name}-again" for name in replicas]
        self._note(f"restart {' '.join(replicas)} {how}")

    def crash(self, replicas: Sequence[str]) -> None:
        self._note(f"crash {' '.join(replicas)}")

    def add(self, count: int) -> None:
        self._note(f"add {count}")

    def remove(self, count: int) -> None:
        self._note(f"remove {count}")

    def roll_out(self) -> None:
        self._note("roll out")

    def _note(self, what: str) -> None:
        self.done.append(what)
        self.over = False


class Scene:
    """An event scheduled on a fake backend, and a clock that only the test moves."""

    def __init__(self, kind: str, *settings: str) -> None:
        self.stage = Stage()
        self.now = CLOCK
        (self.event,) = planned_events(settings_of(kind, *settings))
        self.schedule = Schedule([self.event], self.stage, lambda: self.now)  # type: ignore[arg-type]

    def at(self, seconds: float) -> list[str]:
        """Tick at this second of the clients' clock; return everything done so far."""
        self.now = CLOCK + seconds
        self.schedule.tick()
        return self.stage.done


ACTS = {
    "restart": ("restart server-b server-c graceful", "2 restarted after 15 s"),
    "kill": ("restart server-b server-c kill", "2 killed after 15 s"),
    "drain": ("restart server-b graceful", "2 drained one by one after 15 s"),
    "crash": ("crash server-b server-c", "2 crash after 15 s"),
    "scale-up": ("add 2", "2 added after 15 s"),
    "scale-down": ("remove 2", "2 removed after 15 s"),
    "rollout": ("roll out", "all rolled out after 15 s (surge 1, unavailable 0)"),
}
"""By kind: its first step, and how it is announced."""


def test_every_kind_is_known() -> None:
    """Each kind that the settings allow has an event, and a row in these tests."""
    assert {"none", *KINDS} == set(get_args(EventKind)) == {"none", *ACTS}


@pytest.mark.parametrize("kind", ACTS)
def test_event_happens_once_at_its_time(kind: str) -> None:
    """Nothing happens before its time, its first step at that time, and nothing twice."""
    scene, (act, words) = Scene(kind), ACTS[kind]
    assert scene.event.announcement() == words
    assert scene.at(0) == scene.at(14.9) == []
    assert scene.at(15) == [act]
    assert scene.at(16) == scene.at(100) == [act]
    if kind != "drain":
        scene.stage.over = True
        assert scene.at(101) == [act]
        assert scene.schedule.shortfalls() == []


def test_drain_waits_for_each_replacement() -> None:
    """The next replica is stopped only when the previous one's replacement is ready."""
    scene = Scene("drain", "count=3")
    one, two, three = (f"restart {name} graceful" for name in THREE)
    assert scene.at(15) == [one]
    assert scene.at(20) == [one]
    scene.stage.over = True
    assert scene.at(21) == [one, two]
    assert scene.at(22) == [one, two]
    scene.stage.over = True
    assert scene.at(23) == [one, two, three]
    scene.stage.over = True
    assert len(scene.at(24)) == 3
    assert scene.schedule.shortfalls() == []


def test_drain_leaves_replacements_alone() -> None:
    """The plan covers the replicas that served when it began; later ones are not drained."""
    scene = Scene("drain")
    for second in range(15, 60):
        scene.stage.over = True
        scene.at(second)
    assert scene.stage.alive == ["server-a", "server-b-again", "server-c-again"]
    assert len(scene.stage.done) == 2


def test_drain_that_is_half_done_says_what_is_left() -> None:
    """A run that ends during a drain names the replicas that are still to be drained."""
    scene = Scene("drain", "count=3")
    scene.at(15)
    assert scene.schedule.shortfalls() == [
        "the drain after 15 s was cut short when the clients ended: not drained: server-b, server-c"
    ]


@pytest.mark.parametrize("kind", ["restart", "kill", "crash", "drain", "scale-down"])
def test_event_for_more_replicas_than_serve_is_reported(kind: str) -> None:
    """If some are gone, or an autoscaler decides, fewer may serve than the plan needs."""
    scene = Scene(kind, "count=4")
    scene.at(15)
    (words,) = scene.schedule.shortfalls()
    assert words == (
        f"the {kind} after 15 s was not complete: 3 replicas were serving, fewer than the 4 that "
        "experiment.event asks for"
    )


@pytest.mark.parametrize("kind", ["scale-up", "rollout"])
def test_event_that_needs_no_number_of_replicas_is_complete(kind: str) -> None:
    """However many serve, more can be added, and all can be replaced."""
    scene = Scene(kind, "count=4")
    scene.at(15)
    assert scene.schedule.shortfalls() == []


def test_replicas_already_gone_are_not_restarted() -> None:
    """A replica that has ended on its own is not stopped."""
    scene = Scene("restart", "count=1")
    scene.stage.alive = ["server-a", "server-b"]
    assert scene.at(15) == ["restart server-b graceful"]


def test_no_kind_is_no_event() -> None:
    """By default no event happens."""
    assert planned_events(Settings()) == []
