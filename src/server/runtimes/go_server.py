"""The runtime `go`: this process becomes the Go server (src/server_go).

The settings are checked and the sockets opened here, as for every runtime; the
Go program inherits the sockets and gets the rest as one JSON argument. It takes
the place of this process, so PID 1 of a container is Go itself, and a signal
finds what Go users have: without a drain it ends the process at once.
"""

import json
import logging
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from long_lived.server.runtimes import Assignment
from long_lived.server.runtimes.go_build import binary
from long_lived.settings import Settings

logger = logging.getLogger(__name__)


def prepare(_: Settings) -> Callable[[Assignment], None]:
    """Find or build the Go program; return what serves with it.

    A build is announced on standard error.

    Raises:
        Unavailable: it can be neither found nor built.
    """
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
    sys.stderr.flush()
    try:
        os.execv(program, [str(program), json.dumps(passed_on)])
    except OSError as error:
        logger.error("Cannot run %s: %s", program, error.strerror)
        raise SystemExit(1) from None
