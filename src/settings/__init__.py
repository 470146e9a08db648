"""The settings of the experiment: the only place that knows setting names.

`load` turns values files, the environment and command-line flags into one
frozen `Settings`; everything else takes that object as an argument.
"""

from long_lived.settings.errors import SettingsError
from long_lived.settings.load import load
from long_lived.settings.model import Client, Experiment, Restart, Server, Settings

__all__ = ["Client", "Experiment", "Restart", "Server", "Settings", "SettingsError", "load"]
