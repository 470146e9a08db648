"""The restart: waves, the order of steps, and what was not done."""

from collections.abc import Sequence

import pytest

from long_lived.lab.experiment.events.registry import planned_events
from long_lived.lab.experiment.events.restart import RestartEvent, waves
from long_lived.lab.experiment.schedule import Schedule
from long_lived.settings import Restart, Settings, load
from long_lived.settings.sections.experiment import RestartSignal

THREE = ["server-a", "server-b", "server-c"]
CLOCK = 1000.0
"""When the clients' clock starts, by ours."""


def plan(*settings: str) -> Restart:
    """Make a plan; its settings stand below experiment.restart."""
    given = [f"experiment.restart.{setting}" for setting in settings]
    return load([], ["server.replicas=10", *given], {}).experiment.restart


class Stage:
    """A backend by hand: replicas that are replaced when the test says so."""

    def __init__(self, serving: Sequence[str] = THREE) -> None:
        self.started: float | None = CLOCK
        self.alive = list(serving)
        self.ready = True
        self.restarted: list[list[str]] = []

    def clock_started_unix_seconds(self) -> float | None:
        return self.started

    def serving(self) -> list[str]:
        return list(self.alive)

    def settled(self) -> bool:
        return self.ready

    def restart(self, replicas: Sequence[str], how: RestartSignal) -> None:
        self.restarted.append(list(replicas))
        self.how = how
        self.alive = [name for name in self.alive if name not in replicas]
        self.alive += [f"{name}-again" for name in replicas]
        self.ready = False


class Scene:
    """A restart on the schedule of a backend, and a clock that only the test moves."""

    def __init__(self, plan: Restart) -> None:
        self.stage = Stage()
        self.now = CLOCK
        self.schedule = Schedule([RestartEvent(plan)], self.stage, lambda: self.now)  # type: ignore[arg-type]

    def at(self, seconds: float) -> list[list[str]]:
        """Tick at so many seconds of the clients' clock; return all restarts so far."""
        self.now = CLOCK + seconds
        self.schedule.tick()
        return self.stage.restarted


@pytest.mark.parametrize(
    ("keep", "mode", "expected"),
    [
        (1, "together", [["server-b", "server-c"]]),
        (1, "rolling", [["server-b"], ["server-c"]]),
        (2, "together", [["server-c"]]),
        (2, "rolling", [["server-c"]]),
        (0, "together", [THREE]),
        (0, "rolling", [["server-a"], ["server-b"], ["server-c"]]),
        (3, "together", []),
        (4, "rolling", []),
    ],
)
def test_waves_are_all_but_the_oldest(keep: int, mode: str, expected: list[list[str]]) -> None:
    """The oldest are kept; the others go at once, or one after the other in their order."""
    assert waves(plan("afterSeconds=5", f"keep={keep}", f"mode={mode}"), THREE) == expected


def test_no_replica_makes_no_wave() -> None:
    """Where nothing serves there is nothing to restart."""
    assert waves(plan("afterSeconds=5"), []) == []


def test_restart_is_made_once_when_its_time_has_come() -> None:
    """Before its time nothing happens, at its time all at once, and never again."""
    scene = Scene(plan("afterSeconds=15"))
    assert scene.at(0) == scene.at(14.9) == []
    assert scene.at(15) == [["server-b", "server-c"]]
    scene.stage.ready = True
    assert scene.at(16) == scene.at(100) == [["server-b", "server-c"]]
    assert scene.schedule.shortfalls() == []


def test_rolling_restart_waits_for_each_replacement() -> None:
    """The next replica goes when the replacement of the one before is ready, and not earlier."""
    scene = Scene(plan("afterSeconds=15", "mode=rolling", "keep=0"))
    assert scene.at(15) == [["server-a"]]
    assert scene.at(20) == [["server-a"]]
    scene.stage.ready = True
    assert scene.at(21) == [["server-a"], ["server-b"]]
    assert scene.at(22) == [["server-a"], ["server-b"]]
    scene.stage.ready = True
    assert scene.at(23) == [["server-a"], ["server-b"], ["server-c"]]
    scene.stage.ready = True
    assert len(scene.at(24)) == 3
    assert scene.schedule.shortfalls() == []


def test_replacements_are_not_restarted_themselves() -> None:
    """The plan is made once, of those that served then; who comes later is left alone."""
    scene = Scene(plan("afterSeconds=15", "mode=rolling"))
    for second in range(15, 60):
        scene.stage.ready = True
        scene.at(second)
    assert scene.stage.restarted == [["server-b"], ["server-c"]]
    assert scene.stage.alive == ["server-a", "server-b-again", "server-c-again"]


def test_replicas_that_are_gone_when_the_time_comes_are_not_restarted() -> None:
    """Whoever has ended by itself is in no wave."""
    scene = Scene(plan("afterSeconds=15"))
    scene.stage.alive = ["server-a", "server-c"]
    assert scene.at(15) == [["server-c"]]


def test_no_plan_is_no_event() -> None:
    """Zero seconds means never."""
    assert planned_events(Settings()) == []


@pytest.mark.parametrize(
    ("signal", "replicas", "words"),
    [
        ("graceful", 3, "2 restarted after 15 s"),
        ("kill", None, "all but 1 restarted after 15 s"),
    ],
    ids=["known", "autoscaler"],
)
def test_plan_is_announced_and_carried_out_with_its_signal(
    signal: str, replicas: int | None, words: str
) -> None:
    """The opening line says how many go; the backend is told how."""
    scene = Scene(plan("afterSeconds=15", f"signal={signal}"))
    (event,) = planned_events(load([], ["experiment.restart.afterSeconds=15"], {}))
    assert event.announcement(replicas) == words
    scene.at(15)
    assert scene.stage.how == signal


def test_restart_that_is_half_made_says_what_is_left() -> None:
    """A run that ends in the middle of a rolling restart names the replicas that still serve."""
    scene = Scene(plan("afterSeconds=15", "mode=rolling", "keep=0"))
    scene.at(15)
    assert scene.schedule.shortfalls() == [
        "the restart after 15 s was cut short when the clients ended: not restarted: server-b, "
        "server-c"
    ]


def test_restart_of_fewer_replicas_than_are_kept_is_reported() -> None:
    """Where an autoscaler decides nobody can tell before how many there will be."""
    scene = Scene(plan("afterSeconds=5", "keep=3"))
    assert scene.at(6) == []
    assert scene.schedule.shortfalls() == [
        "the restart after 5 s did not happen: 3 replicas were serving, and "
        "experiment.restart.keep = 3 leaves that many alone"
    ]
