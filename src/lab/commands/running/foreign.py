"""A run against a service that is not ours: its settings, and the user's leave to load it."""

import ipaddress
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import click

from long_lived.lab.analysis.live.looks import LiveService
from long_lived.lab.cluster.tools.kubectl import Kubectl, Place
from long_lived.lab.cluster.workload import Workload
from long_lived.lab.commands.options import refuse
from long_lived.lab.commands.running.live_pods import live_pods
from long_lived.lab.experiment.backend import Trouble
from long_lived.lab.experiment.event import Event
from long_lived.lab.experiment.events.elsewhere import RolloutElsewhere
from long_lived.lab.experiment.onlooker import Onlooker, seconds_between
from long_lived.lab.local.live import LocalService
from long_lived.settings import Settings, SettingsError, load

SMALL = (
    "client.concurrency=10",
    "client.durationSeconds=30",
    "client.timeouts.readSeconds=30",
    "client.readiness.path=",
    "experiment.name=your-service",
)
"""What is in force for a service that is not ours where nothing else is asked for: a load that a
person with a browser could be, and no questions beside it."""

UNNAMED = ("experiment.expect=any",)
"""The same where answers name nobody: then nothing is shown that could be expected."""

OF_A_CLUSTER = (".svc", ".cluster.local")


def of_url(url: str, identity: str) -> list[str]:
    """Return the overrides that --url and --identity stand for."""
    given = {"client.url": url, "client.target.identity": identity}
    texts = {key: text.replace(",", "\\,") for key, text in given.items() if text}
    return ["server.enabled=false"] * bool(url) + [f"{key}={text}" for key, text in texts.items()]


def is_foreign(overrides: Sequence[str]) -> bool:
    """Tell whether the service is not ours by flags and variables alone."""
    try:
        return not load((), overrides).server.enabled
    except SettingsError:  # told when all of it is loaded
        return False


def loaded(
    files: Sequence[Path], overrides: Sequence[str], replicas: int | None = None
) -> Settings:
    """Load settings; those of a service that is not ours begin from a small load.

    `replicas` is how many that is known to have.

    Raises:
        SettingsError: they cannot be used.
    """
    settings = load(files, overrides)
    if settings.server.enabled:
        return settings
    nobody = settings.client.target.names_nobody
    known = f"server.replicas={'null' if replicas is None else replicas}"
    return load(files, overrides, base=(known, *SMALL, *(UNNAMED if nobody else ())))


def intent(settings: Settings) -> str:
    """Say what a run is about to do to a service that is not ours."""
    client = settings.client
    users, least = client.concurrency * client.parallelism, client.think_time.min_seconds
    most = f"at most {users / least:,.1f} requests per second" if least else "as fast as it answers"
    long = (
        f"for {client.duration_seconds:g} s"
        if client.duration_seconds
        else f"with {client.requests_per_user:,} requests each"
    )
    who = f"{users:,} user{'' if users == 1 else 's'}"
    return f"about to load {client.url} with {who} {long}, {most} ({client.target.method})"


def onlooker_of(text: str, place: Place, settings: Settings) -> Onlooker:
    """Make what looks at the service meanwhile; refuse what cannot be looked at."""
    if settings.server.enabled:
        refuse(f"--inspect {text}: has no effect without --url, whose service it looks at")
    what, _, port = text.partition(":")
    service: LiveService
    numbered = port.isascii() and port.isdigit() and 1 <= int(port[:6]) <= 65_535
    if what == "local" and not numbered:
        refuse(f"--inspect {text}: must be local:PORT, with a port from 1 to 65535")
    try:
        if what == "local":
            service, name = LocalService(int(port)), f"port {port} on this machine"
        else:
            service = live_pods(what, place, port, None, lambda _: None)
            name = f"{text} in namespace {place.namespace}"
        service.look()
    except Trouble as trouble:
        refuse(f"--inspect {text}: {trouble}")
    return Onlooker(service, name, seconds_between(settings))


def workload_of(text: str, place: Place) -> Workload:
    """Find the workload that is to be rolled out, or refuse."""
    try:
        return Workload(Kubectl(place), text)
    except Trouble as trouble:
        refuse(f"--target {text}: {trouble}")


def rollout_of(workload: Workload, settings: Settings, place: Place, *, yes: bool) -> Event:
    """Make the event that rolls a workload out, with the user's leave."""
    after, client = settings.experiment.event.after_seconds, settings.client
    if settings.server.enabled:
        refuse(f"--target {workload.name}: has no effect without --url, whose service it is")
    if client.duration_seconds and after >= client.duration_seconds:
        refuse(
            f"experiment.event.afterSeconds = {after:g} is not below client.durationSeconds = "
            f"{client.duration_seconds:g}: must be less than {client.duration_seconds:g}"
        )
    obtain(
        f"about to replace all {workload.replicas} pods of {workload.name} in namespace "
        f"{place.namespace}, {after:g} s into the run (kubectl rollout restart)",
        yes=yes,
    )
    return RolloutElsewhere(workload.name, after, workload.roll_out)


def ask_leave(settings: Settings, *, on_cluster: bool, yes: bool) -> None:
    """Ask before a host is loaded that is neither this machine nor in the cluster; or refuse."""
    host = urlsplit(settings.client.url).hostname or ""
    if settings.server.enabled or is_near(host, on_cluster=on_cluster):
        return
    obtain(intent(settings), yes=yes)


def obtain(what: str, *, yes: bool) -> None:
    """Say what is about to happen to what is not ours, and go on only with the user's leave."""
    if not yes and not sys.stdin.isatty():
        refuse(f"{what}: needs --yes where no terminal can be asked")
    print(f"long-lived: {what}", file=sys.stderr)
    if not yes and not click.confirm("Go on?", err=True):
        sys.exit(1)


def is_near(host: str, *, on_cluster: bool) -> bool:
    """Tell whether a host is this machine, or seen from a cluster a Service in it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return not on_cluster
    return on_cluster and ("." not in name or name.endswith(OF_A_CLUSTER))
