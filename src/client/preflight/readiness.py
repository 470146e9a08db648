"""Waiting for the servers: the clock starts when all replicas are ready, or not at all.

Whichever is up first would get every connection, and keep it. So where readiness.host is set:

1. The name must have exactly server.replicas addresses, and each must answer /readyz with the
   name of its pod. A pod too many is left over from before a restart or an upgrade, and would end
   in the middle of the run. With server.replicas null an autoscaler decides: any number will do.
2. New connections to the client's url must lead to each of these pods and to no other: what
   kube-proxy has set up on this node may lag behind what the name server knows.

A client that chooses among the replicas itself does the first only: it goes past the Service.

sessionAffinity ClientIP makes the second impossible by design: all connections of one client go
to one pod. From here that looks like rules that know only one pod yet, except that it lasts.
So once one replica alone has been named for STICKY_SECONDS (at the deadline: for a whole round),
the client warns and goes on; the report shows where the connections went. Two replicas of three
are not affinity: the client waits for the third, and fails at the deadline.
"""

import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit, urlunsplit

from long_lived.client.preflight.probe import Question, Unanswered, ask
from long_lived.client.stop import POLL_SECONDS, Stop
from long_lived.client.target.tls import server_name
from long_lived.client.transport.endpoints import Endpoints
from long_lived.client.transport.resolver import lookup
from long_lived.settings import Settings
from long_lived.settings.pod_name import is_pod_name
from long_lived.settings.sections.target import counts

PAUSE_SECONDS = 0.2
PROBE_TIMEOUT_SECONDS = 5.0

ROUND = 4
"""Probes of the Service for each replica, between two pauses. In such a round random balancing
misses a given one of three replicas once in 130, and names only one once in 177,000."""

STICKY_SECONDS = 15.0
"""kube-proxy knows a new pod within seconds: its iptables and nftables modes collect changes
for 1 s (minSyncPeriod) and write them at once."""


class NotReady(Exception):
    """The servers were not ready in time; the text says what was missing."""


class _Missing(Exception):
    """What is not ready yet."""


def await_servers(
    settings: Settings,
    url: str,
    stopped: Stop,
    report: Callable[[str], None],
    endpoints: Endpoints | None = None,
    tls: ssl.SSLContext | None = None,
    fault: Callable[[], str | None] = lambda: None,
) -> None:
    """Wait until every replica (or, with no readiness.host, the url) is ready.

    Args:
        settings: what is waited for.
        url: that of the client.
        stopped: ends the wait.
        report: is told what is missing.
        endpoints: the replicas' addresses where the client chooses among them.
        tls: how connections to the url are encrypted.
        fault: says at last what makes the run useless, or None.

    Returns at once when `stopped`: another thread asks, and a look-up or a probe may hold it for
    some seconds more.

    Raises:
        NotReady: client.readiness.timeoutSeconds are over, and so is the last probe; or there is a
            fault.
    """
    wait = _Wait(settings, url, stopped, report, endpoints, tls, fault)
    thread = threading.Thread(target=wait.run, name="readiness", daemon=True)
    thread.start()
    while thread.is_alive() and not stopped.is_set():
        thread.join(POLL_SECONDS)
    if wait.failure is not None and not stopped.is_set():
        raise wait.failure


class _Wait:
    """One wait, from the first question to the last."""

    def __init__(
        self,
        settings: Settings,
        url: str,
        stopped: Stop,
        report: Callable[[str], None],
        endpoints: Endpoints | None,
        tls: ssl.SSLContext | None,
        fault: Callable[[], str | None],
    ) -> None:
        self._endpoints, self._client, self._tls = endpoints, settings.client, tls
        self._fault = fault
        self._host = endpoints.name if endpoints else settings.client.readiness.host
        self._replicas, self._port = settings.server.replicas, settings.server.port
        self._timeout_seconds = settings.client.readiness.timeout_seconds
        self._deadline = time.monotonic() + self._timeout_seconds
        parts = urlsplit(url)
        path, _, query = settings.client.readiness.path.partition("?")
        self._path = path
        self._probe_url = urlunsplit((parts.scheme, parts.netloc, path, query, ""))
        self._url, self._stopped, self._report = url, stopped, report
        self._pods: set[str] = set()
        self._begin_naming()
        self.failure: Exception | None = None

    def run(self) -> None:
        """Ask until all is ready, the time is over, or the run is stopped."""
        try:
            self._ask_until_ready()
            if not self._stopped.is_set() and (told := self._fault()):
                raise NotReady(told)
        except Exception as error:  # raised again in the thread that waits
            self.failure = error

    def _ask_until_ready(self) -> None:
        told = ""
        while not self._stopped.is_set():
            try:
                self._look()
                return
            except _Missing as missing:
                text = str(missing)
            if time.monotonic() > self._deadline:
                raise NotReady(
                    "not ready within client.readiness.timeoutSeconds = "
                    f"{self._timeout_seconds:g}: {text}"
                )
            if text != told and not self._stopped.is_set():
                self._report(f"Waiting: {text}")
            told = text
            self._stopped.wait(PAUSE_SECONDS)

    def _look(self) -> None:
        """Look once at everything; raise _Missing at the first that is not ready."""
        if not self._path:
            return
        if not self._host:
            self._ask_the_url()
            return
        pods = set()
        for address in self._addresses():
            host, port = str(address[0]), address[1]
            literal = f"[{host}]" if ":" in host else host
            probe_url = f"http://{literal}:{port}{self._path}"
            pods.add(_pod(probe_url, _ask(Question(probe_url), self._client.readiness.status)))
        if self._endpoints is not None:
            return
        if pods != self._pods:
            self._pods = pods
            self._begin_naming()
        self._name_through_the_service()

    def _addresses(self) -> list[tuple[object, ...]]:
        try:
            endpoints = self._endpoints
            found = endpoints.look() if endpoints else lookup(self._host, self._port)
        except OSError as error:
            reason = error.strerror or error
            raise _Missing(f"{self._host} has no address ({reason})") from None
        # A name with two address families has one address of each for every replica.
        for count in Counter(family for family, _ in found).values():
            wanted = count if self._replicas is None else self._replicas
            if count < wanted:
                raise _Missing(f"{self._host} has {count} of {wanted} addresses")
            if count > wanted:
                raise _Missing(
                    f"{self._host} has {count} addresses, more than server.replicas = "
                    f"{wanted}: old pods are still there"
                )
        return [address for _, address in found]

    def _ask_the_url(self) -> str:
        """Return the answer of whoever is behind the client's url."""
        client = self._client
        name = server_name(client, self._url)
        question = Question(self._probe_url, client.target.host, self._tls, name)
        return _ask(question, client.readiness.status)

    def _begin_naming(self) -> None:
        self._named: set[str] = set()
        self._asked = 0
        self._naming_since = time.monotonic()

    def _name_through_the_service(self) -> None:
        """Ask through the url until each pod has been named, for a round at most."""
        for _ in range(ROUND * len(self._pods)):
            pod = _pod(self._probe_url, self._ask_the_url())
            if pod not in self._pods:
                self._begin_naming()
                raise _Missing(f"{self._probe_url} leads to {pod}, which is not at {self._host}")
            self._named.add(pod)
            self._asked += 1
            if self._named == self._pods:
                return
            if self._stopped.is_set() or time.monotonic() > self._deadline:
                break
        others = _listed(self._pods - self._named)
        missing = f"{self._probe_url} leads to {_listed(self._named)}, not to {others}"
        if not self._sticks():
            raise _Missing(missing)
        self._report(f"Warning: {missing}: it gets all this client sends (sessionAffinity?)")

    def _sticks(self) -> bool:
        """Tell whether only one replica is named, and seems to stay the only one."""
        now = time.monotonic()
        long_enough = now - self._naming_since >= STICKY_SECONDS or now > self._deadline
        return len(self._named) == 1 and self._asked >= ROUND * len(self._pods) and long_enough


def _ask(question: Question, status: str) -> str:
    """Return the answer of whoever is ready."""
    try:
        told, body = ask(question, PROBE_TIMEOUT_SECONDS)
    except Unanswered as error:
        raise _Missing(f"{question.url} does not answer ({error})") from None
    if not counts(told, status):
        raise _Missing(f"{question.url} answers {told}")
    return body.decode(errors="replace")


def _pod(probe_url: str, answer: str) -> str:
    """Return the name of a pod that is ready: it answers `ready POD`."""
    words = answer.split()
    if len(words) != 2 or words[0] != "ready" or not is_pod_name(words[1]):
        raise _Missing(f"{probe_url} names no pod")
    return words[1]


def _listed(pods: Iterable[str]) -> str:
    names = sorted(pods)
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if names[10:] else "")
