"""The runtime `gunicorn`: one worker process with keep-alive, configured by the settings alone.

gunicorn's own workers (`gthread`, `gevent`, `sync`) run as they are. The repaired ones (`workers`)
fix what an experiment on connections cannot tolerate: each keeps every connection that it may, and
leaves the port as soon as it is told to stop.
"""

import importlib
from collections.abc import Callable
from dataclasses import replace

from long_lived.resources.limits import ThreadLimit
from long_lived.server.capacity import HELD, Capacity, most_connections, plan
from long_lived.server.runtimes.runtime import (
    EVERY_LIMIT,
    Assignment,
    KeepAlive,
    Runtime,
)
from long_lived.settings import Server, Settings


class Gunicorn(Runtime):
    """SIGTERM lets answers in flight finish, SIGINT ends at once."""

    name = "gunicorn"

    def worker_class(self, server: Server) -> str:
        """Name gunicorn's own class, or a repaired one."""
        return server.gunicorn.worker_class

    def keep_alive(self, server: Server) -> KeepAlive:
        """Say that all are kept, except by `sync` and `sync-repaired`."""
        if self.worker_class(server).startswith("sync"):
            return KeepAlive(kept=False)
        return KeepAlive(kept=True, limits=EVERY_LIMIT)

    def capacity(self, server: Server, files: int, limit: ThreadLimit | None) -> Capacity:
        """Plan threads for gthread; greenlets take none, and `sync` holds one request."""
        worker_class, threads = self.worker_class(server), server.gunicorn.threads
        if worker_class.startswith("sync"):
            return replace(plan(files, limit), warnings=())
        if not worker_class.startswith("gthread"):
            return plan(files, limit)
        if worker_class != "gthread":
            return plan(files, limit, threads=threads)
        # It keeps connections - threads idle ones, and closes the others.
        connections = most_connections(files)
        most, wanted = max(1, connections // 2), threads or HELD
        planned = plan(files, limit, threads=min(threads or most, most))
        if most >= wanted:
            return planned
        fewer = (
            f"The limit of {files} open files allows {connections} connections, and gthread "
            f"keeps only what its threads leave free: it gets {most} threads instead of {wanted} "
            "(gthread-repaired keeps them all)"
        )
        return replace(planned, warnings=(fewer, *planned.warnings))

    def prepare(self, settings: Settings) -> Callable[[Assignment], None]:
        """Import gunicorn and the worker class."""
        worker_class = self.worker_class(settings.server)
        if worker_class.startswith("gevent"):
            importlib.import_module("gevent")  # gunicorn turns its absence into a RuntimeError
        from long_lived.server.runtimes.gunicorn.application import serve
        from long_lived.server.runtimes.gunicorn.workers import path

        module, _, _ = path(worker_class).rpartition(".")
        importlib.import_module(module)
        return serve
