"""The settings of the experiment: the only place that knows setting names.

`load` turns values files, the environment and command-line flags into one
frozen `Settings`; everything else takes that object as an argument.
"""

from long_lived.settings.errors import SettingsError
from long_lived.settings.load import load
from long_lived.settings.model import Settings
from long_lived.settings.sections.client import Client
from long_lived.settings.sections.experiment import Event, Experiment
from long_lived.settings.sections.server import Server

__all__ = ["Client", "Event", "Experiment", "Server", "Settings", "SettingsError", "load"]
