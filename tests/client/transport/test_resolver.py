"""Look-ups: rare, cached for a while, and failing in one way."""

import socket

import pytest

from long_lived.client.transport import resolver
from long_lived.client.transport.resolver import KEPT_SECONDS, Resolver, lookup

FOUND = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 80))
OTHER = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.2", 80))


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch):
    """Answer look-ups from a list, and count them; the clock stands still."""

    class Names:
        def __init__(self) -> None:
            self.answers = [FOUND]
            self.asked = 0
            self.now = 1000.0

        def getaddrinfo(self, *_: object, **__: object):
            self.asked += 1
            if not self.answers:
                raise socket.gaierror(socket.EAI_NONAME, "unknown")
            return self.answers

    made = Names()
    monkeypatch.setattr(resolver.socket, "getaddrinfo", made.getaddrinfo)
    monkeypatch.setattr(resolver.time, "monotonic", lambda: made.now)
    return made


def test_name_is_looked_up_once_in_a_while(names) -> None:
    """Many connections share a look-up; once its time to live is over they ask again."""
    kept = Resolver()
    for _ in range(5):
        assert kept.addresses("server", 80) == [(socket.AF_INET, ("192.0.2.1", 80))]
    assert names.asked == 1
    names.now += KEPT_SECONDS
    kept.addresses("server", 80)
    assert names.asked == 1
    names.now += 0.1
    names.answers = [OTHER]
    assert kept.addresses("server", 80) == [(socket.AF_INET, ("192.0.2.2", 80))]
    assert names.asked == 2


def test_names_and_ports_are_kept_apart(names) -> None:
    """Another name or port takes another look-up."""
    kept = Resolver()
    for host, port in [("a", 80), ("b", 80), ("a", 81)]:
        kept.addresses(host, port)
    assert names.asked == 3


def test_failed_lookup_is_not_kept(names) -> None:
    """A name without an address now may have one for the next connection."""
    kept, names.answers = Resolver(), []
    with pytest.raises(socket.gaierror):
        kept.addresses("server", 80)
    names.answers = [FOUND]
    assert kept.addresses("server", 80)


def test_duplicates_are_dropped_in_order(names) -> None:
    """Each address appears once, at its first place."""
    names.answers = [OTHER, FOUND, OTHER]
    assert [address for _, address in lookup("server", 80)] == [
        ("192.0.2.2", 80),
        ("192.0.2.1", 80),
    ]


@pytest.mark.parametrize("host", ["nonexistent.invalid", "a..b", "x" * 64])
def test_name_without_address_is_a_gaierror(host: str) -> None:
    """Whatever is wrong with a name, the error is that of a name without an address."""
    with pytest.raises(socket.gaierror) as caught:
        lookup(host, 80)
    assert caught.value.strerror
