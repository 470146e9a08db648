"""gunicorn's own settings, from those of this project."""

import os
from pathlib import Path
from typing import Any

from gunicorn.glogging import Logger

from long_lived.server import log
from long_lived.server.runtimes.bounds import MOST_HEADERS
from long_lived.server.runtimes.gunicorn.workers import path
from long_lived.server.runtimes.runtime import Assignment

FOREVER_SECONDS = 10**9
"""Idle timeout that stands for none: gunicorn takes 0 for "close after each answer"."""

FAREWELL_SECONDS = 2
"""How much longer the master waits than a repaired worker, which gives up what is in flight at the
end of the graceful timeout and says so. With the same time, as for gunicorn's own, the master
kills first."""

SHARED_MEMORY = Path("/dev/shm")


class _Log(Logger):
    """gunicorn's log in the form of all other lines."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(log.formatter())


def config(assignment: Assignment, worker_class: str, *, repaired: bool) -> dict[str, Any]:
    """Return gunicorn's settings by name; the hooks and what it binds are left out."""
    server, capacity = assignment.settings.server, assignment.capacity
    return {
        "backlog": server.backlog,
        "workers": 1,
        "worker_class": path(worker_class),
        "threads": capacity.threads if worker_class.startswith("gthread") else 1,
        "worker_connections": capacity.connections,
        "limit_request_fields": MOST_HEADERS,
        "keepalive": server.keep_alive.idle_timeout_seconds or FOREVER_SECONDS,
        # A sync worker has no heartbeat while it waits, nor has a thread worker while threads
        # contend for the GIL: neither is a reason to kill it.
        "timeout": 0,
        "graceful_timeout": server.drain_seconds + FAREWELL_SECONDS * repaired,
        # A pod's root file system may be read-only; the heartbeat file needs a place.
        "worker_tmp_dir": str(SHARED_MEMORY) if os.access(SHARED_MEMORY, os.W_OK) else None,
        "control_socket_disable": True,
        "errorlog": "-",
        "accesslog": None,
        "logger_class": _Log,
        "proc_name": f"long-lived-server {assignment.pod}",
    }
