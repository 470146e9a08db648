"""Waiting for the servers: the clock starts when all replicas are ready, or not at all.

Whoever is up first would get every connection, and keep it.
"""

import socket
import time
from collections.abc import Callable
from urllib.parse import urlsplit, urlunsplit

import requests

from client.resolver import lookup
from client.stop import Stop
from settings import Settings

PAUSE_SECONDS = 0.2
PROBE_TIMEOUT_SECONDS = 5.0


class NotReady(Exception):
    """The servers were not ready in time; the text says what was missing."""


def await_servers(
    settings: Settings, url: str, stopped: Stop, report: Callable[[str], None]
) -> None:
    """Wait until every replica (or, with no readiness.host, the url) answers /readyz.

    Returns early when `stopped`.

    Raises:
        NotReady: client.readiness.timeoutSeconds are over.
    """
    readiness = settings.client.readiness
    deadline = time.monotonic() + readiness.timeout_seconds
    told = ""
    with requests.Session() as session:
        session.trust_env = False
        while not stopped.is_set():
            missing = (
                _missing_replicas(session, readiness.host, settings)
                if readiness.host
                else _missing(session, _probe_url(url))
            )
            if not missing:
                return
            if time.monotonic() > deadline:
                raise NotReady(
                    f"not ready within client.readiness.timeoutSeconds = "
                    f"{readiness.timeout_seconds:g}: {missing}"
                )
            if missing != told:
                report(f"Waiting: {missing}")
                told = missing
            stopped.wait(PAUSE_SECONDS)


def _missing_replicas(session: requests.Session, host: str, settings: Settings) -> str:
    replicas, port = settings.server.replicas, settings.server.port
    try:
        addresses = [str(address[0]) for _, address in lookup(host, port)]
    except socket.gaierror as error:
        return f"{host} has no address ({error.strerror})"
    if len(addresses) < replicas:
        return f"{host} has {len(addresses)} of {replicas} addresses"
    for address in addresses:
        literal = f"[{address}]" if ":" in address else address
        missing = _missing(session, f"http://{literal}:{port}/readyz")
        if missing:
            return missing
    return ""


def _missing(session: requests.Session, probe_url: str) -> str:
    """Say why `probe_url` is not ready; empty where it is."""
    try:
        # A connection of its own for each probe: a kept one would be balanced once.
        answer = session.get(
            probe_url, headers={"Connection": "close"}, timeout=PROBE_TIMEOUT_SECONDS
        )
    except requests.RequestException as error:
        return f"{probe_url} does not answer ({type(error).__name__})"
    return "" if answer.status_code == 200 else f"{probe_url} answers {answer.status_code}"


def _probe_url(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, "/readyz", "", ""))
