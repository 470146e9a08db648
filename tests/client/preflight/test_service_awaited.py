"""Waiting for the Service: until it leads to every replica, or shows that it never will."""

import socket

import pytest

from long_lived.client.preflight import readiness
from long_lived.client.preflight.readiness import NotReady, await_servers
from long_lived.client.stop import Stop

from .replicas import BOUND_SECONDS, NAME, Replicas, Replies, service


def test_start_waits_until_the_service_leads_to_every_replica(abc: Replicas, scripted) -> None:
    """The url must reach every replica: kube-proxy may learn of one later than DNS."""
    lagging, url = service(scripted, *["ready a", "ready b"] * 6, "ready c")
    reports: list[str] = []
    await_servers(abc.wanted(), url, Stop(), reports.append)
    assert reports == [f"Waiting: {url}readyz leads to a, b, not to c"]
    assert len(lagging.requests) == 13
    assert {request.split()[1] for request in lagging.requests} == {"/readyz"}


def test_start_waits_no_longer_than_that(abc: Replicas, scripted) -> None:
    """Once all have been reached the probes stop, and nothing is reported."""
    known, url = service(scripted, "ready c", "ready a", "ready c", "ready b")
    reports: list[str] = []
    await_servers(abc.wanted(), url, Stop(), reports.append)
    assert reports == []
    assert len(known.requests) == 4
    assert [len(peer.requests) for peer in abc.peers] == [1, 1, 1]


def test_service_is_asked_on_new_connections(abc: Replicas, scripted) -> None:
    """A connection that the server would keep is closed after its answer: it is balanced once."""
    connections: list[str] = []
    answers = iter(["ready a", "ready b", "ready c"])

    def script(peer: socket.socket) -> None:
        keeping = Replies(next(answers))
        keeping(peer)
        connections.append(*keeping.requests)

    url = f"http://127.0.0.1:{scripted(script)}/"
    await_servers(abc.wanted(), url, Stop(), lambda _: None)
    assert len(connections) >= 2  # the third may be counted after the wait returns


def test_replica_that_the_service_never_leads_to_is_an_error(abc: Replicas, scripted) -> None:
    """Two of three are not affinity: when time is up the error names the third."""
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
    """If only one replica ever answers the run starts: waiting longer would show the same."""
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
    """Rules that know only one pod yet look like affinity, but not for long."""
    _, url = service(scripted, *["ready a"] * 15, "ready b", "ready c")
    reports: list[str] = []
    await_servers(abc.wanted(), url, Stop(), reports.append)
    assert reports[0] == f"Waiting: {url}readyz leads to a, not to b, c"
    assert not any(report.startswith("Warning") for report in reports)


def test_service_that_leads_to_an_old_pod_is_awaited(abc: Replicas, scripted) -> None:
    """A pod no longer at the name will end: all replicas must answer after it."""
    answers = ["ready a", "ready b", "ready old", "ready c", "ready b", "ready a"]
    former, url = service(scripted, *answers)
    reports: list[str] = []
    await_servers(abc.wanted(), url, Stop(), reports.append)
    assert reports == [f"Waiting: {url}readyz leads to old, which is not at {NAME}"]
    assert len(former.requests) == len(answers)
