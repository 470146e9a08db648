"""When events happen: each at its moment on the clients' clock, until it is done."""

from long_lived.lab.experiment.schedule import Schedule

CLOCK = 1000.0
"""When the clients' clock starts, on ours."""


class HandBackend:
    """A backend that only knows when the clients' clock started."""

    def __init__(self) -> None:
        self.started: float | None = CLOCK

    def clock_started_unix_seconds(self) -> float | None:
        return self.started


class HandEvent:
    """An event that records what it is asked, and takes a number of steps."""

    def __init__(self, after_seconds: float, steps: int = 2) -> None:
        self.name = f"change after {after_seconds:g} s"
        self.after_seconds = after_seconds
        self.calls: list[str] = []
        self._steps = steps

    def begin(self, _: object) -> None:
        self.calls.append("begin")

    def step(self, _: object) -> None:
        self.calls.append("step")

    def shortfall(self) -> str | None:
        return "too few steps" if self.calls.count("step") < self._steps else None


class Scene:
    """A schedule, and a clock that only the test moves."""

    def __init__(self, *events: HandEvent) -> None:
        self.backend = HandBackend()
        self._now = CLOCK
        self._schedule = Schedule(events, self.backend, lambda: self._now)  # type: ignore[arg-type]

    def at(self, seconds: float) -> list[str]:
        """Tick at this second of the clients' clock; return the shortfalls so far."""
        self._now = CLOCK + seconds
        self._schedule.tick()
        return self._schedule.shortfalls()


def test_event_begins_once_and_goes_on() -> None:
    """Nothing happens before its time; then it begins, and takes a step at every tick."""
    event = HandEvent(15)
    scene = Scene(event)
    assert scene.at(14.9) == ["the change after 15 s did not happen: the clients had ended by then"]
    assert event.calls == []
    assert scene.at(15) == ["too few steps"]
    assert event.calls == ["begin", "step"]
    assert scene.at(16) == []
    assert event.calls == ["begin", "step", "step"]


def test_time_is_that_of_the_clients_clock() -> None:
    """No time passes until a client has started, however late it is."""
    event = HandEvent(15)
    scene = Scene(event)
    scene.backend.started = None
    scene.at(10_000)
    scene.backend.started = CLOCK + 10_000
    scene.at(10_014.9)
    assert event.calls == []
    scene.at(10_015)
    assert event.calls == ["begin", "step"]


def test_each_event_has_its_own_time() -> None:
    """A later event does not disturb those that have begun."""
    first, second = HandEvent(5, steps=1), HandEvent(9)
    scene = Scene(second, first)
    assert scene.at(5) == ["the change after 9 s did not happen: the clients had ended by then"]
    assert (first.calls, second.calls) == (["begin", "step"], [])
    scene.at(9)
    assert (first.calls, second.calls) == (["begin", "step", "step"], ["begin", "step"])


def test_nothing_is_planned_where_there_is_no_event() -> None:
    """An empty schedule has nothing to do, and misses nothing at the end."""
    assert Scene().at(1e9) == []
