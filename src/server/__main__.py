"""`python -m long_lived.server`: one replica, in the runtime that the settings name."""

import json
import logging
import os
import socket
import time
from collections.abc import Sequence

from long_lived.resources.limits import raise_open_files, thread_limit
from long_lived.server import listener, log
from long_lived.server.balance import HASH_WARNING, balance_at_random
from long_lived.server.capacity import MOST_FILES
from long_lived.server.pod import pod_id
from long_lived.server.runtimes import RUNTIMES, prepare
from long_lived.server.runtimes.runtime import Assignment, Unavailable
from long_lived.settings import Settings, arguments

PROGRAM = "server"
MOST_LAG_SECONDS = 3600

logger = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> None:
    """Serve until a signal ends the process; refuse bad settings with exit status 2."""
    parser = arguments.parser(PROGRAM, "One replica of the server of the experiment.")
    parser.add_argument(
        "--bind",
        metavar="HOST:PORT",
        action="append",
        default=[],
        help="address to listen on, port 0 for a free one; may be repeated; "
        "default: all interfaces on server.port",
    )
    parser.add_argument(
        "--reuse-port",
        action="store_true",
        help="share the port with other replicas (SO_REUSEPORT): the kernel spreads connections "
        "over server.replicas listeners at random (with null: by its own hash)",
    )
    parser.add_argument(
        "--join",
        nargs=2,
        metavar=("HOST:PORT", "SECONDS"),
        help="address that other replicas serve already, with --reuse-port: it is listened on "
        "that many seconds after all others, and whoever starts replicas keeps the kernel's "
        "choice in step (lab/local/balancer.py)",
    )
    given = parser.parse_args(argv)
    settings = arguments.settings_from(given, PROGRAM)
    server = settings.server
    try:
        pod = pod_id(os.environ)
        joined, lag_seconds = given.join or (None, "0")
        for bind in filter(None, [*given.bind, joined]):
            listener.parse_bind(bind)
        lag_seconds = _seconds(lag_seconds)
        serve = prepare(settings)
        held = RUNTIMES[server.runtime].capacity(
            server, raise_open_files(MOST_FILES), thread_limit()
        )
        metrics = _metrics(settings, given.metrics_address or "")
        # Last, because the kernel queues connections for this replica from here on.
        listeners = listener.open_listeners(
            given.bind, server.port, server.backlog, reuse_port=given.reuse_port
        )
        balanced = None
        if given.reuse_port and not joined and server.replicas is not None:
            attached = [balance_at_random(opened, server.replicas) for opened in listeners]
            balanced = all(attached)
        if joined:
            time.sleep(lag_seconds)
            listeners += listener.open_listeners(
                [joined], server.port, server.backlog, reuse_port=given.reuse_port
            )
    except (ValueError, listener.ListenError, Unavailable) as error:
        arguments.refuse(PROGRAM, str(error))

    log.set_up()
    values = settings.as_values()["server"]
    logger.info("Settings server=%s", json.dumps(values, separators=(",", ":")))
    if metrics is not None:
        logger.info("Metrics on port %s", metrics.getsockname()[1])
    warnings = [
        *held.warnings,
        listener.backlog_warning(server.backlog, listener.somaxconn()),
        HASH_WARNING if balanced is False else None,
    ]
    for warning in filter(None, warnings):
        logger.warning(warning)
    serve(Assignment(settings, pod, listeners, held, balanced, metrics))


def _metrics(settings: Settings, address: str) -> socket.socket | None:
    if not settings.metrics.enabled:
        return None
    # Not earlier: without metrics nobody needs what it imports.
    from long_lived.metrics import exporter

    try:
        return exporter.listen(address, settings.metrics.port)
    except OSError as error:
        raise listener.ListenError(f"metrics.port: {error}") from None


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= MOST_LAG_SECONDS:
        raise ValueError(
            f"--join: {text!r} is not allowed: must be seconds from 0 to {MOST_LAG_SECONDS}"
        )
    return seconds


if __name__ == "__main__":
    main()
