"""Waiting for replicas that the client chooses among: for each of them, and for no Service."""

import pytest

from long_lived.client.preflight.readiness import NotReady, await_servers
from long_lived.client.stop import Stop
from long_lived.client.transport.balancer import Balancer
from long_lived.client.transport.endpoints import Endpoints

from .replicas import Replicas

NOWHERE = "http://127.0.0.1:1/"
HEADLESS = "client.balancing=headless"


def endpoints(find) -> tuple[Endpoints, Balancer]:
    """Make the endpoints of a client that chooses."""
    balancer = Balancer("round-robin", by_request=False)
    return Endpoints("addresses", find, balancer, lambda _: None), balancer


def test_every_replica_is_asked_and_not_the_service(abc: Replicas) -> None:
    """The url leads nowhere here: such a client bypasses it."""
    found, balancer = endpoints(lambda: abc.addresses)
    await_servers(abc.wanted(HEADLESS), NOWHERE, Stop(), lambda _: None, found)
    assert [len(peer.requests) for peer in abc.peers] == [1, 1, 1]
    assert list(balancer.loads()) == abc.addresses


def test_replica_that_is_missing_is_awaited(abc: Replicas) -> None:
    """All of server.replicas must be there before the clock starts."""
    answers = [abc.addresses[:2], abc.addresses]
    found, balancer = endpoints(lambda: answers.pop(0))
    reports: list[str] = []
    await_servers(abc.wanted(HEADLESS), NOWHERE, Stop(), reports.append, found)
    assert reports == ["Waiting: addresses has 2 of 3 addresses"]
    assert len(balancer.loads()) == 3


def test_source_that_says_nothing_is_an_error(abc: Replicas) -> None:
    """At the end of the wait the error gives the reason."""

    def find() -> list:
        raise OSError("it holds no address")

    found, _ = endpoints(find)
    with pytest.raises(NotReady) as caught:
        await_servers(abc.wanted(HEADLESS, seconds=0.3), NOWHERE, Stop(), lambda _: None, found)
    assert str(caught.value).endswith(": addresses has no address (it holds no address)")


def test_replicas_may_have_ports_of_their_own(abc: Replicas) -> None:
    """A file gives the port of each, which may differ from server.port."""
    found, _ = endpoints(lambda: abc.addresses)
    settings = abc.wanted(HEADLESS, "server.port=1")
    await_servers(settings, NOWHERE, Stop(), lambda _: None, found)
    assert [len(peer.requests) for peer in abc.peers] == [1, 1, 1]
