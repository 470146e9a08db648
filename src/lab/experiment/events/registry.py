"""All kinds of events, and which of them a run has."""

from collections.abc import Callable, Mapping

from long_lived.lab.experiment.event import Event
from long_lived.lab.experiment.events.crash import Crash
from long_lived.lab.experiment.events.drain import Drain
from long_lived.lab.experiment.events.restart import Restart
from long_lived.lab.experiment.events.rollout import Rollout
from long_lived.lab.experiment.events.scale import ScaleDown, ScaleUp
from long_lived.settings import Event as Plan
from long_lived.settings import Settings

KINDS: Mapping[str, Callable[[Plan], Event]] = {
    "restart": Restart,
    "kill": Restart,
    "drain": Drain,
    "crash": Crash,
    "scale-up": ScaleUp,
    "scale-down": ScaleDown,
    "rollout": Rollout,
}
"""What makes an event of each `experiment.event.kind` but `none`."""


def planned_events(settings: Settings) -> list[Event]:
    """Make the events that the settings ask for."""
    plan = settings.experiment.event
    return [KINDS[plan.kind](plan)] if plan.kind in KINDS else []
