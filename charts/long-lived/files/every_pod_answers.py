"""`helm test`: fail unless every ready pod is named by an answer that came through the Service.

Each request has a connection of its own, because a kept one is balanced only once.
"""

import argparse
import http.client
import math
import re
import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

MISS_EXPONENT = 12
"""A test of k healthy pods misses one with a probability of at most e^-12, 6 in a million."""

MOST_AT_ONCE = 500
MARGIN_SECONDS = 30


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
    return {get(address, url, MARGIN_SECONDS).removeprefix("ready ") for address in addresses(url)}


def answering_pods(url: str, requests: int, wanted: set[str], timeout: float) -> set[str]:
    """Return the pods that answered; end early once these are all that are wanted."""
    service = addresses(url)[0]
    lock, named, failures = threading.Lock(), set(), []

    def ask(_: int) -> None:
        if wanted <= named:
            return
        try:
            body = get(service, url, timeout)
            found = re.match(r"Response from Pod (\S+) after ", body)
            if not found:
                raise OSError(f"{url} names no pod: {body[:200]}")
            with lock:
                named.add(found.group(1))
        except (OSError, http.client.HTTPException) as error:
            failures.append(error)

    with ThreadPoolExecutor(min(requests, MOST_AT_ONCE)) as pool:
        list(pool.map(ask, range(requests)))
    if failures:
        print(f"{len(failures)} of {requests} requests failed, one of them: {failures[0]!r}")
    return named


def main() -> int:
    """Compare the pods that answer with the pods that are ready."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("service", help="URL that is balanced over the pods")
    parser.add_argument("readyz", help="URL of /readyz, whose host resolves to every pod")
    parser.add_argument("--longest-delay", type=float, required=True, metavar="SECONDS")
    parser.add_argument("--one-pod-is-enough", action="store_true")
    given = parser.parse_args()

    try:
        ready = ready_pods(given.readyz)
    except OSError as error:
        print(f"failed: {given.readyz} does not tell which pods are ready: {error}")
        return 1
    requests = math.ceil(len(ready) * (math.log(len(ready)) + MISS_EXPONENT))
    print(f"{len(ready)} pods are ready; {requests} requests follow, each on a new connection")
    sys.stdout.flush()
    named = answering_pods(given.service, requests, ready, given.longest_delay + MARGIN_SECONDS)
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
