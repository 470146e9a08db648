"""Waiting for the servers: until all are ready, a signal, or the bound."""

import socket
from collections.abc import Callable

import pytest

from client.readiness import NotReady, await_servers
from client.stop import Stop
from settings import Settings, load


def replies(*statuses: int) -> Callable[[socket.socket], None]:
    """Make a peer that gives these answers one after another, the last of them for ever."""
    left = list(statuses)
    requests: list[str] = []

    def script(peer: socket.socket) -> None:
        requests.append(peer.recv(4096).decode())
        status = left.pop(0) if len(left) > 1 else left[0]
        peer.sendall(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % status)

    script.requests = requests
    return script


def wanted(*settings: str, seconds: float = 20) -> Settings:
    """Make settings."""
    return load([], [f"client.readiness.timeoutSeconds={seconds}", *settings], {})


def test_server_that_becomes_ready_is_awaited(scripted) -> None:
    """503 is not ready, 200 is; the same wait is reported once."""
    script = replies(503, 503, 200)
    reports: list[str] = []
    url = f"http://127.0.0.1:{scripted(script)}/some/path?x=y"
    await_servers(wanted(), url, Stop(), reports.append)
    assert [request.split()[1] for request in script.requests] == ["/readyz"] * 3
    assert reports == [f"Waiting: {url.replace('some/path?x=y', 'readyz')} answers 503"]


def test_server_that_is_ready_is_not_reported(scripted) -> None:
    """Where nobody has to wait nothing is said."""
    reports: list[str] = []
    url = f"http://127.0.0.1:{scripted(replies(200))}/"
    await_servers(wanted(), url, Stop(), reports.append)
    assert reports == []


def test_server_that_is_never_ready_is_an_error(scripted) -> None:
    """After the bound the error names the setting, its value and what is missing."""
    url = f"http://127.0.0.1:{scripted(replies(503))}/"
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
        with pytest.raises(NotReady, match=r"/readyz does not answer \(ConnectionError\)"):
            await_servers(wanted(seconds=0.1), url, Stop(), lambda _: None)


def test_stop_ends_the_wait(scripted) -> None:
    """A signal in the wait returns at once, without an error."""
    stop = Stop()
    await_servers(
        wanted(), f"http://127.0.0.1:{scripted(replies(503))}/", stop, lambda _: stop.set()
    )
    assert stop.is_set()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_every_address_of_the_host_must_be_ready(host: str, scripted) -> None:
    """With readiness.host each of its addresses is asked, at server.port; the url is not."""
    script = replies(503, 200)
    port = scripted(script)
    addresses = {item[4][0] for item in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    if addresses != {"127.0.0.1"}:
        pytest.skip(f"{host} is {sorted(addresses)} here")
    settings = wanted(f"server.port={port},server.replicas=1,client.readiness.host={host}")
    await_servers(settings, "http://127.0.0.1:1/", Stop(), lambda _: None)
    assert len(script.requests) == 2


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
