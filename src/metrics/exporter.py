"""A port of its own at which Prometheus finds the metrics, however busy everything else is."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from prometheus_client import MetricsHandler
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector, CollectorRegistry

PATIENCE_SECONDS = 5.0
"""Longest wait for a scraper that says nothing: the next one waits for it."""
MOST_WAITING = 16
LOOK_SECONDS = 1.0

Collect = Callable[[], Iterable[Metric]]


def listen(address: str, port: int) -> socket.socket:
    """Listen on all interfaces, or at one `address`; port 0 takes a free one.

    Raises:
        OSError: that cannot be; its text is one line for the user.
    """
    both = not address and socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if both or ":" in address else socket.AF_INET
    try:
        return socket.create_server(
            (address, port), family=family, backlog=MOST_WAITING, dualstack_ipv6=both
        )
    except OSError as error:
        where = f"{address} port {port}" if address else f"port {port}"
        why = os.strerror(error.errno) if error.errno else str(error)
        raise OSError(f"cannot listen on {where}: {why}") from None


def export(
    listener: socket.socket, collect: Collect, look: Callable[[], None] = lambda: None
) -> None:
    """Answer scrapes in a thread from now on, one at a time; it ends with the process.

    Call it in the process that has the counts: a socket of its own is made of the listener, which
    may have been opened before a fork, or before gevent's patches.

    Args:
        listener: listens already.
        collect: makes the metrics; called in that thread.
        look: called there, too, about every second.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Metrics(collect))
    handler = MetricsHandler.factory(registry)
    handler.timeout = PATIENCE_SECONDS  # type: ignore[attr-defined]
    handler.version_string = lambda _: "long-lived"  # type: ignore[attr-defined]
    own = socket.socket(fileno=os.dup(listener.fileno()))
    own.settimeout(LOOK_SECONDS)
    threading.Thread(target=_serve, args=(own, handler, look), name="metrics", daemon=True).start()


class _Metrics(Collector):
    def __init__(self, collect: Collect) -> None:
        self._collect = collect

    def collect(self) -> Iterable[Metric]:
        return self._collect()


def _serve(listener: socket.socket, handler: Any, look: Callable[[], None]) -> None:
    """Accept and answer. HTTPServer would poll in a way that gevent may not have patched."""
    while True:
        try:
            request, address = listener.accept()
        except TimeoutError:
            look()
            continue
        except OSError:  # out of descriptors
            time.sleep(LOOK_SECONDS)
            continue
        look()
        with request:
            try:
                handler(request, address, None)
            except OSError:  # the scraper went away, or says nothing
                pass
