"""The first line of a run: what is going to be done."""

from collections.abc import Iterable

from long_lived.lab.experiment.event import Event
from long_lived.settings import Settings


def opening(settings: Settings, events: Iterable[Event]) -> str:
    """Say in one line what is going to be run."""
    server, client, experiment = settings.server, settings.client, settings.experiment
    runtime: list[str] = [server.runtime]
    if server.runtime == "gunicorn":
        runtime.append(server.gunicorn.worker_class)
    replicas = "an autoscaler's" if server.replicas is None else server.replicas
    users = client.concurrency * client.parallelism
    happens = "".join(f", {event.announcement(server.replicas)}" for event in events)
    return (
        f"{experiment.name}: {users:,} virtual users ({client.engine}, {client.keep_alive.mode}, "
        f"{client.connections}) against {replicas} replicas ({' '.join(runtime)}), delay "
        f"{server.delay.min_seconds:g}-{server.delay.max_seconds:g} s{happens}"
    )
