"""All kinds of events, and which of them a run has."""

from collections.abc import Callable

from long_lived.lab.experiment.event import Event
from long_lived.lab.experiment.events.restart import RestartEvent
from long_lived.settings import Settings

KINDS: tuple[Callable[[Settings], Event | None], ...] = (RestartEvent.planned,)
"""For each kind: what makes the event of a run, or None where the settings ask for none."""


def planned_events(settings: Settings) -> list[Event]:
    """Make the events that the settings ask for."""
    return [event for planned in KINDS if (event := planned(settings)) is not None]
