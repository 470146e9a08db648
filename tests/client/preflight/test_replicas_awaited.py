"""Waiting for the replicas at each address of their name, neither more nor fewer."""

import socket

import pytest

from long_lived.client.preflight.readiness import NotReady, await_servers
from long_lived.client.stop import Stop

from .replicas import NAME, Replicas, Replies, service, wanted


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_every_address_of_the_host_must_be_ready(host: str, scripted) -> None:
    """Each address of readiness.host is asked, at server.port, before the url."""
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
    """With fewer addresses than replicas the clock must not start."""
    settings = wanted(f"server.replicas=3,client.readiness.host={host}", seconds=0.1)
    with pytest.raises(NotReady) as caught:
        await_servers(settings, "http://127.0.0.1:1/", Stop(), lambda _: None)
    assert f": {missing}" in str(caught.value)


def test_any_number_of_replicas_is_awaited_where_an_autoscaler_decides(
    abc: Replicas, scripted
) -> None:
    """However many there are, each address must answer, and the url must lead to each."""
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
    """More addresses than replicas mean that old pods are still there."""
    with pytest.raises(NotReady) as caught:
        await_servers(
            abc.wanted(number=2, seconds=0.1), "http://127.0.0.1:1/", Stop(), lambda _: None
        )
    assert str(caught.value).endswith(
        f": {NAME} has 3 addresses, more than server.replicas = 2: old pods are still there"
    )
    assert [peer.requests for peer in abc.peers] == [[], [], []]


def test_start_waits_until_the_old_pods_are_gone(abc: Replicas, scripted) -> None:
    """The twin: the wait is over once the last of them has gone."""
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
