"""The first line of a run: what is going to be done."""

from collections.abc import Iterable

from long_lived.lab.experiment.event import Event
from long_lived.server.runtimes import RUNTIMES
from long_lived.settings import Settings


def opening(settings: Settings, events: Iterable[Event]) -> str:
    """Say in one line what is going to be run."""
    server, client, experiment = settings.server, settings.client, settings.experiment
    worker_class = RUNTIMES[server.runtime].worker_class(server)
    runtime = f"{server.runtime} {worker_class}".rstrip()
    replicas = "an autoscaler's" if server.replicas is None else server.replicas
    users = client.concurrency * client.parallelism
    proxy = "" if server.proxy == "none" else f" behind {server.proxy}"
    chooses = ", headless" if client.balancing == "headless" else ""
    happens = "".join(f", {event.announcement()}" for event in events)
    against = f"{replicas} replicas ({runtime}){proxy}"
    delay = f", delay {server.delay.min_seconds:g}-{server.delay.max_seconds:g} s"
    if not server.enabled:
        loose = ", INSECURE: any certificate will do" if client.target.tls.insecure else ""
        against = f"{client.url}{loose}"
        delay = f", identity {client.target.identity}"
    return (
        f"{experiment.name}: {users:,} virtual users ({client.engine}, {client.keep_alive.mode}, "
        f"{client.connections}{chooses}) against {against}{delay}{happens}"
    )
