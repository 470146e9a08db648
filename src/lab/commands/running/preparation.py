"""What a run needs before it begins: its settings, checked, and the backend that runs it."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from long_lived.client.target.asked import asked
from long_lived.client.target.tls import context
from long_lived.lab.cluster.backend import ClusterBackend
from long_lived.lab.cluster.tools.kubectl import Kubectl, Place
from long_lived.lab.cluster.tools.program import program
from long_lived.lab.commands.options import complain, refuse, refuse_place, warn
from long_lived.lab.commands.running.foreign import loaded
from long_lived.lab.commands.scenarios import values_files
from long_lived.lab.experiment.backend import Backend, Trouble
from long_lived.lab.experiment.results import write_values
from long_lived.lab.local.backend import LocalBackend
from long_lived.lab.local.haproxy import missing
from long_lived.lab.local.machine.limits import cautions, read_machine, refuse_what_does_not_fit
from long_lived.lab.local.machine.unsupported import refuse_what_has_no_effect
from long_lived.lab.local.proxy import refuse_what_the_proxy_cannot_do
from long_lived.lab.local.service import Unsupported, refuse_other_systems
from long_lived.settings import Settings, SettingsError
from long_lived.settings.load import chart_values, divided


@dataclass(frozen=True)
class Target:
    """Where runs take place: a release on a cluster, or without one this machine."""

    release: str = ""
    place: Place | None = None

    @classmethod
    def chosen(cls, where: str, release: str, place: Place, command: str) -> "Target":
        """Take the options of `command`; refuse a cluster that cannot be reached."""
        if where == "local":
            refuse_place(f"{command} on this machine: --on cluster looks for a release")
            return cls()
        try:
            program("helm")
            Kubectl(place)
        except Trouble as trouble:
            refuse(str(trouble))
        return cls(release, place)

    @property
    def where(self) -> str:
        """What --on says."""
        return "local" if self.place is None else "cluster"

    @property
    def words(self) -> str:
        """Where that is, for the reader; empty for this machine."""
        if self.place is None:
            return ""
        return f"release {self.release} in namespace {self.place.namespace}"


@dataclass(frozen=True)
class Prepared:
    """A run whose settings are good."""

    settings: Settings
    target: Target
    chart: Mapping[str, object] = field(default_factory=dict)
    """The chart's own keys of its values files."""
    overrides: Sequence[str] = ()
    """Those given with --set."""


def backend_of(run: Prepared, folder: Path) -> Backend:
    """Make the backend of a run that leaves its files in `folder`; refuse what cannot be."""
    release, place = run.target.release, run.target.place
    if place is None:
        return LocalBackend(run.settings, folder)
    try:
        write_values(folder, run.settings, run.chart)
        return ClusterBackend(release, place, folder, run.settings, run.overrides)
    except Trouble as trouble:
        refuse(str(trouble))
    except OSError as error:
        complain(f"{folder} lacks the values of the run: {error.strerror}")
        sys.exit(1)


def lacking(run: Prepared) -> str | None:
    """Say what this machine lacks for a run, once it cannot be fetched; None: nothing."""
    here = run.target.place is None
    return missing() if here and run.settings.server.proxy == "haproxy" else None


def prepared(
    scenarios: Sequence[str],
    overrides: Sequence[str],
    target: Target,
    replicas: int | None = None,
) -> Prepared:
    """Load the settings of a run; refuse what cannot be run.

    `replicas` is how many a service that is not ours is known to have.
    """
    chart: Mapping[str, object] = {}
    of_the_chart: Sequence[str] = ()
    try:
        files = values_files(tuple(scenarios))
        if target.place is not None:
            overrides, of_the_chart = divided(overrides)
            chart = chart_values(files)
        settings = loaded(files, overrides, replicas)
        if target.place is None:
            refuse_what_has_no_effect(settings)
            refuse_other_systems()
            refuse_what_the_proxy_cannot_do(settings)
            # What the clients would refuse, who read the same files and variables.
            asked(settings.client, settings.client.url, "")
            context(settings.client)
            machine = read_machine()
            refuse_what_does_not_fit(settings, machine)
            for caution in cautions(settings, machine):
                warn(caution)
    except (SettingsError, Unsupported) as error:
        refuse(str(error))
    if not settings.client.enabled:
        refuse("client.enabled = false: a run needs client.enabled = true")
    return Prepared(settings, target, chart, of_the_chart)
