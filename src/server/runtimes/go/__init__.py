"""The runtime `go`: this process becomes the Go server (src/server_go).

The settings are checked and the sockets opened here, as for every runtime; the Go program
inherits the sockets and gets the rest as one JSON argument. It takes the place of this process:
PID 1 of a container is Go itself, and without a drain a signal ends it at once, as Go users know.
"""

import json
import logging
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path

from long_lived.resources.limits import ThreadLimit
from long_lived.server.capacity import Capacity, plan
from long_lived.server.runtimes.go.build import binary
from long_lived.server.runtimes.runtime import (
    EVERY_LIMIT,
    Assignment,
    KeepAlive,
    Runtime,
)
from long_lived.settings import Server, Settings

logger = logging.getLogger(__name__)


class Go(Runtime):
    """net/http, with a goroutine per connection."""

    name = "go"

    def keep_alive(self, _: Server) -> KeepAlive:
        """Say that all are kept."""
        return KeepAlive(kept=True, limits=EVERY_LIMIT)

    def capacity(self, _: Server, files: int, limit: ThreadLimit | None) -> Capacity:
        """Plan connections alone: a request takes no thread."""
        return plan(files, limit)

    def provide(self, tell: Callable[[str], None]) -> None:
        """Build the Go program if need be, with a toolchain that is fetched if need be."""
        binary(install=True, tell=tell)

    def prepare(self, _: Settings) -> Callable[[Assignment], None]:
        """Find the Go program, or build it, which is announced on standard error."""
        return partial(_serve, binary(tell=_tell))


def _tell(what: str) -> None:
    print(f"server: {what}", file=sys.stderr, flush=True)


def _serve(program: Path, assignment: Assignment) -> None:
    for listener in assignment.listeners:
        listener.set_inheritable(True)
    passed_on = {
        "pod": assignment.pod,
        "listeners": [listener.fileno() for listener in assignment.listeners],
        "balancedAtRandom": assignment.balanced_at_random,
        "server": assignment.settings.as_values()["server"],
    }
    if assignment.metrics is not None:
        # Not earlier: without metrics nobody needs it.
        from long_lived.metrics.definition import METRICS, VALUES

        assignment.metrics.set_inheritable(True)
        passed_on["metrics"] = {
            "listener": assignment.metrics.fileno(),
            "definition": [asdict(one) for one in METRICS if "server" in one.sides],
            "reasons": VALUES["reason"],
        }
    sys.stderr.flush()
    try:
        os.execv(program, [str(program), json.dumps(passed_on)])
    except OSError as error:
        logger.error("Cannot run %s: %s", program, error.strerror)
        raise SystemExit(1) from None
