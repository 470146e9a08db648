"""`helm test`: fail unless every replica is named by an answer that came through the Service.

First it waits until all replicas are ready and the Service leads to each: straight after an
installation neither is so. Each request has a connection of its own, because a kept one is balanced
only once.
"""

import argparse
import http.client
import math
import re
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

MISS_EXPONENT = 12
"""A test of k healthy pods misses one with a probability of at most e^-12, 6 in a million."""

MOST_AT_ONCE = 500
MARGIN_SECONDS = 30
PROBE_SECONDS = 5
PAUSE_SECONDS = 1


def get(address: str, url: str, timeout: float) -> str:
    """Return the body of an answer from `address`, over a connection of its own."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(address, parts.port or 80, timeout=timeout)
    try:
        connection.request("GET", parts.path, headers={"Host": parts.netloc, "Connection": "close"})
        answer = connection.getresponse()
        body = answer.read().decode().strip()
    finally:
        connection.close()
    if answer.status != 200:
        raise OSError(f"{url} at {address}: status {answer.status}: {body[:200]}")
    return body


def addresses(url: str) -> list[str]:
    """Return every address of the URL's host."""
    parts = urlsplit(url)
    found = socket.getaddrinfo(parts.hostname, parts.port or 80, type=socket.SOCK_STREAM)
    return sorted({str(sockaddr[0]) for *_, sockaddr in found})


def ready_pods(url: str) -> set[str]:
    """Return the names that the pods behind a headless Service give themselves."""
    return {_named(get(address, url, PROBE_SECONDS), url) for address in addresses(url)}


def answering_pods(url: str, wanted: set[str], timeout: float) -> tuple[set[str], list[Exception]]:
    """Return the pods that answered, and what failed; end early once these are all wanted ones."""
    service = addresses(url)[0]
    requests = math.ceil(len(wanted) * (math.log(len(wanted)) + MISS_EXPONENT))
    lock, named, failures = threading.Lock(), set(), []

    def ask(_: int) -> None:
        if wanted <= named:
            return
        try:
            name = _named(get(service, url, timeout), url)
            with lock:
                named.add(name)
        except (OSError, http.client.HTTPException) as error:
            failures.append(error)

    with ThreadPoolExecutor(min(requests, MOST_AT_ONCE)) as pool:
        list(pool.map(ask, range(requests)))
    return named, failures


def _named(body: str, url: str) -> str:
    found = re.fullmatch(r"ready (\S+)|Response from Pod (\S+) after .*", body)
    if not found:
        raise OSError(f"{url} names no pod: {body[:200]}")
    return found[1] or found[2]


def missing(service: str, pods: str, replicas: int, affinity: bool) -> tuple[set[str], str]:
    """Return the pods that are ready, and what is not ready yet; empty where all is."""
    try:
        ready = ready_pods(pods)
    except (OSError, http.client.HTTPException) as error:
        return set(), f"{pods} does not say which pods are ready: {error}"
    if len(ready) < replicas:
        return ready, f"{len(ready)} of {replicas} pods are ready"
    try:
        named, _ = answering_pods(service, ready, PROBE_SECONDS)
    except OSError as error:
        return ready, f"{service} has no address: {error}"
    silent = ready - named
    if affinity and named:
        silent = set()
    return ready, f"the Service leads to none of {', '.join(sorted(silent))}" if silent else ""


def main() -> int:
    """Wait for the pods, then compare those that answer with those that are ready."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("service", help="URL that is balanced over the pods")
    parser.add_argument("readyz", help="URL of /readyz, whose host resolves to every pod")
    parser.add_argument("--replicas", type=int, default=1, help="how many pods there must be")
    parser.add_argument("--wait", type=float, required=True, metavar="SECONDS", help="for the pods")
    parser.add_argument("--longest-delay", type=float, required=True, metavar="SECONDS")
    parser.add_argument("--one-pod-is-enough", action="store_true")
    given = parser.parse_args()

    deadline = time.monotonic() + given.wait
    probed = f"{given.service.rstrip('/')}/readyz"
    told = ""
    while True:
        ready, why = missing(probed, given.readyz, given.replicas, given.one_pod_is_enough)
        if not why:
            break
        if time.monotonic() > deadline:
            print(f"failed: not ready within {given.wait:g} s: {why}")
            return 1
        if why != told:
            print(f"waiting: {why}", flush=True)
        told = why
        time.sleep(PAUSE_SECONDS)

    print(f"{len(ready)} pods are ready; each must answer through the Service", flush=True)
    named, failures = answering_pods(given.service, ready, given.longest_delay + MARGIN_SECONDS)
    if failures:
        print(f"{len(failures)} requests failed, one of them: {failures[0]!r}")
    for pod in sorted(ready | named):
        print(f"  {pod}: {'answered' if pod in named else 'NEVER ANSWERED'}")
    if given.one_pod_is_enough and named:
        print("passed: session affinity sends all of one client to one pod")
        return 0
    if silent := ready - named:
        print(f"failed: the Service sent nothing to {', '.join(sorted(silent))}")
        return 1
    print("passed: every ready pod answers through the Service")
    return 0


if __name__ == "__main__":
    sys.exit(main())
