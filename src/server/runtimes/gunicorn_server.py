"""The runtime `gunicorn`: one worker process with keep-alive, configured by the settings alone.

gunicorn's own workers (`gthread`, `gevent`, `sync`) run as they are. What they do by
themselves and an experiment on connections cannot bear is put right in three workers
of this project (thread_worker, gevent_worker, sync_worker): each keeps every connection
alive that it may, and leaves the port at once when it is told to stop.
"""

import importlib
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.workers import SUPPORTED_WORKERS

from long_lived.resources.threads import ease_many_threads
from long_lived.server import log
from long_lived.server.app import create_app
from long_lived.server.listener import url
from long_lived.server.replica import Replica
from long_lived.server.runtimes import Assignment
from long_lived.settings import Settings

REPAIRED = {
    "gthread-repaired": "long_lived.server.runtimes.thread_worker.ThreadWorker",
    "gevent-repaired": "long_lived.server.runtimes.gevent_worker.GeventWorker",
    "sync-repaired": "long_lived.server.runtimes.sync_worker.SyncWorker",
}

FOREVER_SECONDS = 10**9
"""Idle timeout that stands for none: gunicorn knows 0 only as "close after each answer"."""

FAREWELL_SECONDS = 2
"""How much longer the master waits than a repaired worker, which gives up what is in flight at the
end of the graceful timeout and says so. With the same time, as for gunicorn's own, the master
kills first."""

SHARED_MEMORY = Path("/dev/shm")

logger = logging.getLogger(__name__)


def prepare(settings: Settings) -> Callable[[Assignment], None]:
    """Import the worker class, and return what serves until a signal.

    SIGTERM lets answers in flight finish, SIGINT ends at once.

    Raises:
        ModuleNotFoundError: the worker class needs a package that is missing.
    """
    worker_class = settings.server.gunicorn.worker_class
    if worker_class.startswith("gevent"):
        importlib.import_module("gevent")  # gunicorn turns its absence into a RuntimeError
    module, _, _ = _path(worker_class).rpartition(".")
    importlib.import_module(module)
    return _serve


def _path(worker_class: str) -> str:
    return REPAIRED.get(worker_class) or SUPPORTED_WORKERS[worker_class]


def _serve(assignment: Assignment) -> None:
    _Application(assignment).run()


class _Log(Logger):
    """gunicorn's log in the form of all other lines."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(log.formatter())


class _Application(BaseApplication):
    """Our configuration for gunicorn; nothing is read from a file or the environment."""

    def __init__(self, assignment: Assignment) -> None:
        self._assignment = assignment
        self._addresses = " ".join(url(listener) for listener in assignment.listeners)
        self._worker_class = assignment.settings.server.gunicorn.worker_class
        self._repaired = self._worker_class in REPAIRED
        # gunicorn closes what it is given and keeps a copy; no other may stay open, or the port
        # would not be free when gunicorn has closed its own. Source: gunicorn/sock.py, 27.0.
        self._files = [listener.detach() for listener in assignment.listeners]
        super().__init__()

    def load_config(self) -> None:
        server, capacity = self._assignment.settings.server, self._assignment.capacity
        config = {
            "bind": [f"fd://{file}" for file in self._files],
            "backlog": server.backlog,
            "workers": 1,
            "worker_class": _path(self._worker_class),
            "threads": capacity.threads if self._worker_class.startswith("gthread") else 1,
            "worker_connections": capacity.connections,
            "keepalive": server.keep_alive.idle_timeout_seconds or FOREVER_SECONDS,
            # The heartbeat of a sync worker stops while it waits, and that of a thread worker
            # while the GIL is contended: neither is a reason to kill it.
            "timeout": 0,
            "graceful_timeout": server.drain_seconds + FAREWELL_SECONDS * self._repaired,
            # A pod's root file system may be read-only; the heartbeat file needs a place.
            "worker_tmp_dir": str(SHARED_MEMORY) if os.access(SHARED_MEMORY, os.W_OK) else None,
            "control_socket_disable": True,
            "errorlog": "-",
            "accesslog": None,
            "logger_class": _Log,
            "proc_name": f"long-lived-server {self._assignment.pod}",
            "post_fork": self._set_the_worker_up,
            "post_worker_init": self._greet,
            "worker_exit": self._take_leave,
        }
        for name, value in config.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Make the app; called in the worker, where gevent has patched what it patches."""
        assigned = self._assignment
        self.replica = Replica(
            assigned.pod, assigned.settings.server.runtime, assigned.balanced_at_random
        )
        return create_app(assigned.settings, self.replica)

    def _set_the_worker_up(self, _: Any, worker: Any) -> None:
        worker.cfg.set("graceful_timeout", self._assignment.settings.server.drain_seconds)
        if worker.cfg.threads > 1:
            ease_many_threads(worker.cfg.threads)

    def _greet(self, _: Any) -> None:
        logger.info(
            "Serving pod=%s runtime=%s worker=%s on %s",
            self.replica.pod,
            self.replica.runtime,
            self._worker_class,
            self._addresses,
        )

    def _take_leave(self, _: Any, worker: Any) -> None:
        # The master calls this too, for a worker that it finds gone.
        if worker.pid != os.getpid() or not worker.booted:
            return
        logger.info(self.replica.farewell())
        if self._repaired and not worker.alive:
            # Told to stop, and done. The interpreter would wait for answers that are given up,
            # and take its time to join thousands of idle threads.
            os._exit(0)
