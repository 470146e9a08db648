"""One virtual user's way to a server, in the test's own process."""

from dataclasses import dataclass, field

import pytest

from long_lived.client.clock import Clock
from long_lived.client.ledger import Answer
from long_lived.client.target.asked import asked
from long_lived.client.target.expected import Expected
from long_lived.client.target.tls import context, server_name
from long_lived.client.transport.adapter import Transport
from long_lived.client.transport.balancer import Balancer
from long_lived.client.transport.connections import Connection, ConnectionBook
from long_lived.client.transport.errors import classify
from long_lived.client.transport.exchange import Exchange
from long_lived.client.transport.pool import counted_pool
from long_lived.client.transport.resolver import Resolver
from long_lived.record.error_kind import ErrorKind
from long_lived.settings import load


@dataclass
class Caller:
    """One virtual user's way to a server."""

    url: str
    settings: tuple[str, ...] = ()
    source_addresses: tuple[str, ...] = ()
    size: int = 1
    balancer: Balancer | None = None
    ended: list[Connection] = field(default_factory=list)

    def __post_init__(self) -> None:
        loaded = load([], [f"client.url={self.url}", *self.settings], {})
        self.book = ConnectionBook(Clock(), self.ended.append)
        pool_class = counted_pool(
            *(self.book, Resolver(), loaded.client, self.source_addresses, self.balancer),
            tls=context(loaded.client),
            server_name=server_name(loaded.client, self.url),
        )
        keeps = loaded.client.keep_alive.mode != "per-request"
        self.transport = Transport(self.url, pool_class, self.size if keeps else 0)
        request = asked(loaded.client, self.url, "0123456789abcdef")
        self._exchange = Exchange(loaded, request, Expected(loaded.client.target))

    def ask(self) -> Answer:
        """Send a request and return its answer."""
        return self._exchange.perform(self.transport)

    def fail(self) -> ErrorKind:
        """Send a request that must fail; return its ErrorKind."""
        with pytest.raises(Exception) as caught:
            self.ask()
        return classify(caught.value)

    def close(self) -> None:
        """Close its idle connections."""
        self.transport.get_connection_with_tls_context().close()
