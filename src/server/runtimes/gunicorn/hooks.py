"""What gunicorn calls in the worker process when it starts, serves, and ends."""

import logging
import os
from collections.abc import Callable
from typing import Any

from long_lived.resources.threads import ease_many_threads
from long_lived.server.app import REPLICA
from long_lived.server.replica import Replica
from long_lived.server.runtimes.bounds import Reading
from long_lived.server.runtimes.gunicorn.in_flight import InFlight

logger = logging.getLogger(__name__)


class Hooks:
    """The hooks of one worker, which is the only one."""

    def __init__(
        self,
        *,
        in_flight: InFlight,
        greeting: Callable[[Replica], str],
        reading: Reading,
        drain_seconds: int,
        repaired: bool,
    ) -> None:
        """Prepare them in the master, before the worker exists.

        Args:
            in_flight: is told of each request.
            greeting: makes the line that says that the replica serves.
            reading: is told when the headers of a request are complete.
            drain_seconds: graceful timeout of the worker; the master's may be longer.
            repaired: whether the worker class is this project's.
        """
        self._in_flight = in_flight
        self._greeting = greeting
        self._reading = reading
        self._drain_seconds = drain_seconds
        self._repaired = repaired

    def as_config(self) -> dict[str, Callable[..., None]]:
        """Return them by the names of gunicorn's settings."""
        return {
            "post_fork": self._set_up,
            "post_worker_init": self._greet,
            "pre_request": self._begin,
            "post_request": self._in_flight.end,
            "worker_exit": self._take_leave,
        }

    def _set_up(self, _: Any, worker: Any) -> None:
        worker.cfg.set("graceful_timeout", self._drain_seconds)
        if worker.cfg.threads > 1:
            ease_many_threads(worker.cfg.threads)

    def _begin(self, worker: Any, request: Any) -> None:
        self._reading.end(request.unreader.sock)
        self._in_flight.begin(worker, request)
        if _has_body(request):
            # A kept connection would wait for the rest of the body, gevent's for ever.
            request.force_close()

    def _greet(self, worker: Any) -> None:
        self._reading.watch()
        logger.info(self._greeting(worker.wsgi.extensions[REPLICA]))

    def _take_leave(self, _: Any, worker: Any) -> None:
        # The master calls this too, for a worker that it finds gone.
        if worker.pid != os.getpid() or not worker.booted:
            return
        logger.info(worker.wsgi.extensions[REPLICA].farewell())
        if self._repaired and not worker.alive:
            # It was told to stop, and is done. The interpreter would wait for answers that are
            # given up, and take its time to join thousands of idle threads.
            os._exit(0)


def _has_body(request: Any) -> bool:
    """Tell whether a body was announced, of any size."""
    return any(
        name == "TRANSFER-ENCODING" or (name == "CONTENT-LENGTH" and value != "0")
        for name, value in request.headers
    )
