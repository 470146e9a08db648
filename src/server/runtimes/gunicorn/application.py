"""The application that gunicorn runs: it takes nothing from a file or the environment."""

from typing import Any

from gunicorn.app.base import BaseApplication

from long_lived.server.app import create_app
from long_lived.server.listener import urls
from long_lived.server.replica import Replica
from long_lived.server.runtimes.bounds import READING, Reading
from long_lived.server.runtimes.gunicorn.config import config
from long_lived.server.runtimes.gunicorn.hooks import Hooks
from long_lived.server.runtimes.gunicorn.in_flight import IN_FLIGHT, InFlight
from long_lived.server.runtimes.gunicorn.workers import REPAIRED
from long_lived.server.runtimes.gunicorn.workers.quitting import sleep_in_turns
from long_lived.server.runtimes.runtime import Assignment


def serve(assignment: Assignment) -> None:
    """Serve until a signal."""
    _Application(assignment).run()


class _Application(BaseApplication):
    def __init__(self, assignment: Assignment) -> None:
        self._assignment = assignment
        self._addresses = urls(assignment.listeners)
        self._worker_class = assignment.settings.server.gunicorn.worker_class
        # gunicorn closes what it is given and keeps a copy; no other may stay open, or the port
        # would not be free when gunicorn has closed its own. Source: gunicorn/sock.py, 27.0.
        self._files = [listener.detach() for listener in assignment.listeners]
        super().__init__()

    def load_config(self) -> None:
        """Hand gunicorn its settings; called by the base class."""
        repaired = self._worker_class in REPAIRED
        self._in_flight = InFlight()
        self._reading = Reading(self._assignment.settings.server.header_timeout_seconds)
        hooks = Hooks(
            in_flight=self._in_flight,
            reading=self._reading,
            greeting=self._greeting,
            drain_seconds=self._assignment.settings.server.drain_seconds,
            repaired=repaired,
        )
        values = {
            "bind": [f"fd://{file}" for file in self._files],
            **config(self._assignment, self._worker_class, repaired=repaired),
            **hooks.as_config(),
        }
        for name, value in values.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Make the app; called in the worker, where gevent has patched what it patches."""
        app = create_app(
            self._assignment.settings,
            self._assignment.replica(),
            # Where the only thread waits, it is also the one that handles signals.
            wait=sleep_in_turns if self._worker_class == "sync-repaired" else None,
            socket_key="gunicorn.socket",
            retire=self._in_flight.close,
        )
        app.extensions[IN_FLIGHT] = self._in_flight
        app.extensions[READING] = self._reading
        return app

    def _greeting(self, replica: Replica) -> str:
        return replica.greeting(self._addresses, self._worker_class)
