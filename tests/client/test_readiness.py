"""Waiting for the servers: until all are ready, a signal, or the bound."""

import socket
import threading
from collections.abc import Iterator

import pytest

from long_lived.client.preflight import readiness
from long_lived.client.preflight.readiness import NotReady, await_servers
from long_lived.client.stop import Stop
from long_lived.client.transport.resolver import Address
from long_lived.settings import Settings, load

BOUND_SECONDS = 30
NAME = "headless.test"


class Replies:
    """A peer that gives these answers one after another, the last of them for ever.

    A number is a status, a text the body of status 200.
    """

    def __init__(self, *answers: int | str) -> None:
        self.answers = list(answers)
        self.requests: list[str] = []

    def __call__(self, peer: socket.socket) -> None:
        """Serve one connection, as long as its client keeps it."""
        while request := peer.recv(4096).decode():
            self.requests.append(request)
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            status, body = (answer, "") if isinstance(answer, int) else (200, f"{answer}\n")
            peer.sendall(
                f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
            )


class Replicas:
    """Replicas at addresses of the loopback network, one port for all, and their name."""

    def __init__(self) -> None:
        self.port = 0
        self.peers: list[Replies] = []
        self.addresses: list[Address] = []
        self._listeners: list[socket.socket] = []

    def start(self, *peers: Replies) -> None:
        """Serve each peer at the next address, and let the name have it."""
        for peer in peers:
            self.listen(f"127.0.1.{len(self.addresses) + 1}", peer)

    def listen(self, address: str, peer: Replies) -> None:
        """Serve a peer at `address`."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        listener = socket.create_server((address, self.port), family=family)
        self.port = listener.getsockname()[1]
        self.peers.append(peer)
        self.addresses.append((family, (address, self.port)))
        self._listeners.append(listener)
        threading.Thread(target=self._serve, args=(listener, peer), daemon=True).start()

    def lookup(self, host: str, port: int) -> list[Address]:
        """Be the name server."""
        assert (host, port) == (NAME, self.port)
        return self.addresses

    def stop(self) -> None:
        """Close all listeners."""
        for listener in self._listeners:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    @staticmethod
    def _serve(listener: socket.socket, peer: Replies) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(BOUND_SECONDS)
                try:
                    peer(connection)
                except OSError:
                    pass

    def wanted(self, *settings: str, number: int = 3, seconds: float = 20) -> Settings:
        """Make settings of a client that waits for this name and `number` of replicas."""
        own = f"server.port={self.port},server.replicas={number},client.readiness.host={NAME}"
        return wanted(own, *settings, seconds=seconds)


@pytest.fixture
def replicas(monkeypatch: pytest.MonkeyPatch) -> Iterator[Replicas]:
    """Give replicas that end with the test."""
    started = Replicas()
    monkeypatch.setattr(readiness, "lookup", started.lookup)
    yield started
    started.stop()


@pytest.fixture
def abc(replicas: Replicas) -> Replicas:
    """Give three replicas that are ready: a, b and c."""
    replicas.start(Replies("ready a"), Replies("ready b"), Replies("ready c"))
    return replicas


def wanted(*settings: str, seconds: float = 20) -> Settings:
    """Make settings."""
    return load([], [f"client.readiness.timeoutSeconds={seconds}", *settings], {})


def test_server_that_becomes_ready_is_awaited(scripted) -> None:
    """503 is not ready, 200 is; the same wait is reported once."""
    script = Replies(503, 503, 200)
    reports: list[str] = []
    url = f"http://127.0.0.1:{scripted(script)}/some/path?x=y"
    await_servers(wanted(), url, Stop(), reports.append)
    assert [request.split()[1] for request in script.requests] == ["/readyz"] * 3
    assert reports == [f"Waiting: {url.replace('some/path?x=y', 'readyz')} answers 503"]


def test_server_that_is_ready_is_not_reported(scripted) -> None:
    """Where nobody has to wait nothing is said."""
    reports: list[str] = []
    url = f"http://127.0.0.1:{scripted(Replies(200))}/"
    await_servers(wanted(), url, Stop(), reports.append)
    assert reports == []


def test_server_that_is_never_ready_is_an_error(scripted) -> None:
    """After the bound the error names the setting, its value and what is missing."""
    url = f"http://127.0.0.1:{scripted(Replies(503))}/"
    with pytest.raises(NotReady) as caught:
        await_servers(wanted(seconds=0.3), url, Stop(), lambda _: None)
    assert str(caught.value) == (
        f"not ready within client.readiness.timeoutSeconds = 0.3: {url}readyz answers 503"
    )


def test_server_that_does_not_answer_is_named() -> None:
    """A refused connection is told in words."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}/"
        with pytest.raises(NotReady, match=r"/readyz does not answer \(connect_refused\)"):
            await_servers(wanted(seconds=0.1), url, Stop(), lambda _: None)


def test_stop_ends_the_wait(scripted) -> None:
    """A signal in the wait returns at once, without an error."""
    stop = Stop()
    await_servers(
        wanted(), f"http://127.0.0.1:{scripted(Replies(503))}/", stop, lambda _: stop.set()
    )
    assert stop.is_set()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_every_address_of_the_host_must_be_ready(host: str, scripted) -> None:
    """With readiness.host each of its addresses is asked, at server.port, before the url is."""
    script = Replies(503, "ready a")
    port = scripted(script)
    addresses = {item[4][0] for item in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    if addresses != {"127.0.0.1"}:
        pytest.skip(f"{host} is {sorted(addresses)} here")
    settings = wanted(f"server.port={port},server.replicas=1,client.readiness.host={host}")
    service = Replies("ready a")
    await_servers(settings, f"http://127.0.0.1:{scripted(service)}/", Stop(), lambda _: None)
    assert (len(script.requests), len(service.requests)) == (2, 1)


@pytest.mark.parametrize(
    ("host", "missing"),
    [
        ("127.0.0.1", "127.0.0.1 has 1 of 3 addresses"),
        ("nonexistent.invalid", "nonexistent.invalid has no address ("),
        ("a..b", "a..b has no address (no host name"),
    ],
)
def test_host_with_too_few_addresses_is_not_ready(host: str, missing: str) -> None:
    """Fewer addresses than replicas: the clock must not start."""
    settings = wanted(f"server.replicas=3,client.readiness.host={host}", seconds=0.1)
    with pytest.raises(NotReady) as caught:
        await_servers(settings, "http://127.0.0.1:1/", Stop(), lambda _: None)
    assert f": {missing}" in str(caught.value)


def test_any_number_of_replicas_is_awaited_where_an_autoscaler_decides(
    abc: Replicas, scripted
) -> None:
    """Each address of the name must answer, and the url lead to each, however many there are."""
    abc.peers[1].answers = [503, "ready b"]
    script, url = service(scripted, "ready a", "ready b", "ready a", "ready c")
    reports: list[str] = []
    await_servers(abc.wanted("server.replicas=null"), url, Stop(), reports.append)
    assert len(reports) == 1
    assert "answers 503" in reports[0]
    assert len(script.requests) == 4


def test_no_replica_is_too_few_where_an_autoscaler_decides() -> None:
    """At least one must be there."""
    settings = wanted("server.replicas=null,client.readiness.host=nonexistent.invalid", seconds=0.1)
    with pytest.raises(NotReady, match="has no address"):
        await_servers(settings, "http://127.0.0.1:1/", Stop(), lambda _: None)


def service(scripted, *answers: int | str) -> tuple[Replies, str]:
    """Start a Service that leads to these pods in turn; return it and its url."""
    script = Replies(*answers)
    return script, f"http://127.0.0.1:{scripted(script)}/"


def test_start_waits_until_the_service_leads_to_every_replica(abc: Replicas, scripted) -> None:
    """Each replica must have been named through the url: kube-proxy may know it later than DNS."""
    lagging, url = service(scripted, *["ready a", "ready b"] * 6, "ready c")
    reports: list[str] = []
    await_servers(abc.wanted(), url, Stop(), reports.append)
    assert reports == [f"Waiting: {url}readyz leads to a, b, not to c"]
    assert len(lagging.requests) == 13
    assert {request.split()[1] for request in lagging.requests} == {"/readyz"}


def test_start_waits_no_longer_than_that(abc: Replicas, scripted) -> None:
    """As soon as all have been named nobody asks on, and nothing is said."""
    known, url = service(scripted, "ready c", "ready a", "ready c", "ready b")
    reports: list[str] = []
    await_servers(abc.wanted(), url, Stop(), reports.append)
    assert reports == []
    assert len(known.requests) == 4
    assert [len(peer.requests) for peer in abc.peers] == [1, 1, 1]


def test_service_is_asked_on_new_connections(abc: Replicas, scripted) -> None:
    """A connection that the server would keep is closed after its answer: it was balanced once."""
    connections: list[str] = []
    answers = iter(["ready a", "ready b", "ready c"])

    def script(peer: socket.socket) -> None:
        keeping = Replies(next(answers))
        keeping(peer)
        connections.append(*keeping.requests)

    url = f"http://127.0.0.1:{scripted(script)}/"
    await_servers(abc.wanted(), url, Stop(), lambda _: None)
    assert len(connections) >= 2  # the third may be counted after the return


def test_replica_that_the_service_never_leads_to_is_an_error(abc: Replicas, scripted) -> None:
    """Two of three are no affinity: at the end of the wait the third is named."""
    _, url = service(scripted, "ready a", "ready b")
    with pytest.raises(NotReady) as caught:
        await_servers(abc.wanted(seconds=2), url, Stop(), lambda _: None)
    assert str(caught.value) == (
        f"not ready within client.readiness.timeoutSeconds = 2: {url}readyz leads to a, b, not to c"
    )


@pytest.mark.parametrize("at", ["the-end-of-its-share", "the-end-of-the-wait"])
def test_service_with_affinity_is_a_warning(
    at: str, abc: Replicas, scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where one replica alone is ever named the run starts: another look would show the same."""
    early = at == "the-end-of-its-share"
    monkeypatch.setattr(readiness, "STICKY_SECONDS", 0 if early else 10 * BOUND_SECONDS)
    sticky, url = service(scripted, "ready b")
    reports: list[str] = []
    await_servers(abc.wanted(seconds=BOUND_SECONDS if early else 2), url, Stop(), reports.append)
    assert reports[-1] == (
        f"Warning: {url}readyz leads to b, not to a, c: "
        "it gets all this client sends (sessionAffinity?)"
    )
    assert len(sticky.requests) >= 12


def test_service_that_leads_to_one_replica_at_first_is_awaited(abc: Replicas, scripted) -> None:
    """Rules that know one pod yet look like affinity, but not for long."""
    _, url = service(scripted, *["ready a"] * 15, "ready b", "ready c")
    reports: list[str] = []
    await_servers(abc.wanted(), url, Stop(), reports.append)
    assert reports[0] == f"Waiting: {url}readyz leads to a, not to b, c"
    assert not any(report.startswith("Warning") for report in reports)


def test_service_that_leads_to_a_pod_of_before_is_awaited(abc: Replicas, scripted) -> None:
    """A pod that is not at the name will end: all replicas must be named after it."""
    answers = ["ready a", "ready b", "ready old", "ready c", "ready b", "ready a"]
    former, url = service(scripted, *answers)
    reports: list[str] = []
    await_servers(abc.wanted(), url, Stop(), reports.append)
    assert reports == [f"Waiting: {url}readyz leads to old, which is not at {NAME}"]
    assert len(former.requests) == len(answers)


def test_replica_that_is_replaced_in_the_wait_is_not_awaited(replicas: Replicas, scripted) -> None:
    """The pods are those that answer at their own addresses now."""
    replicas.start(Replies("ready a"), Replies("ready b", "ready c"))
    _, url = service(scripted, *["ready a"] * 8, "ready c", "ready a")
    await_servers(replicas.wanted(number=2), url, Stop(), lambda _: None)
    assert replicas.peers[1].answers == ["ready c"]


@pytest.mark.parametrize(
    ("answer", "missing"),
    [(503, "answers 503"), ("ok", "names no pod"), ("", "names no pod")],
    ids=["not-ready", "other-words", "empty"],
)
@pytest.mark.parametrize("where", ["replica", "service"])
def test_peer_that_names_no_pod_is_not_ready(
    where: str, answer: int | str, missing: str, replicas: Replicas, scripted
) -> None:
    """Replicas and Service alike must answer `ready POD`."""
    bad, good = Replies(answer), Replies("ready a")
    replicas.start(bad if where == "replica" else good)
    url = f"http://127.0.0.1:{scripted(bad if where == 'service' else good)}/"
    at = f"http://127.0.1.1:{replicas.port}/" if where == "replica" else url
    with pytest.raises(NotReady) as caught:
        await_servers(replicas.wanted(number=1, seconds=0.1), url, Stop(), lambda _: None)
    assert str(caught.value).endswith(f" = 0.1: {at}readyz {missing}")


def test_host_with_too_many_addresses_is_not_ready(abc: Replicas) -> None:
    """More addresses than replicas: old pods are still there."""
    with pytest.raises(NotReady) as caught:
        await_servers(
            abc.wanted(number=2, seconds=0.1), "http://127.0.0.1:1/", Stop(), lambda _: None
        )
    assert str(caught.value).endswith(
        f": {NAME} has 3 addresses, more than server.replicas = 2: old pods are still there"
    )
    assert [peer.requests for peer in abc.peers] == [[], [], []]


def test_start_waits_until_the_pods_of_before_are_gone(abc: Replicas, scripted) -> None:
    """The twin: with the last of them gone the wait is over."""
    _, url = service(scripted, "ready a", "ready b")
    reports: list[str] = []

    def report(line: str) -> None:
        reports.append(line)
        del abc.addresses[2:]

    await_servers(abc.wanted(number=2), url, Stop(), report)
    assert len(reports) == 1


def test_replicas_with_addresses_of_two_families_are_counted_once(
    replicas: Replicas, scripted
) -> None:
    """A dual-stack name has an IPv4 and an IPv6 address for each replica."""
    replicas.start(Replies("ready a"))
    try:
        replicas.listen("::1", Replies("ready a"))
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")
    _, url = service(scripted, "ready a")
    await_servers(replicas.wanted(number=1), url, Stop(), lambda _: None)
    assert [len(peer.requests) for peer in replicas.peers] == [1, 1]


def test_stop_ends_a_wait_for_an_answer_at_once(scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal does not wait for a peer that says nothing."""
    monkeypatch.setattr(readiness, "PROBE_TIMEOUT_SECONDS", 10 * BOUND_SECONDS)
    stop, released = Stop(), threading.Event()

    def silent(peer: socket.socket) -> None:
        peer.recv(4096)
        stop.set()
        released.wait(BOUND_SECONDS)

    await_servers(wanted(), f"http://127.0.0.1:{scripted(silent)}/", stop, lambda _: None)
    assert not released.is_set()
    released.set()
