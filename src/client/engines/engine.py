"""What an engine is: it gets all virtual users ready, lets them send, and knows when they are done.

The runner does the same for every engine: it waits for the servers, starts the clock, reports,
notices a signal, and settles the account.
"""

import ssl
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from long_lived.client.clock import Clock
from long_lived.client.ledger import Ledger
from long_lived.client.stop import Stop
from long_lived.client.target.asked import Asked
from long_lived.client.target.expected import Expected
from long_lived.client.transport.balancer import Balancer
from long_lived.client.transport.connections import ConnectionBook
from long_lived.client.users.draws import Draws
from long_lived.settings import Settings


@dataclass(frozen=True)
class Run:
    """What an engine is handed."""

    settings: Settings
    asked: Asked
    expected: Expected
    """What an answer must be."""
    tls: ssl.SSLContext | None
    """How connections are encrypted; None leaves them plain."""
    server_name: str
    """The name that a certificate must be for."""
    source_addresses: Sequence[str]
    """Local addresses to connect from, taken in turns; none lets the kernel choose."""
    clock: Clock
    ledger: Ledger
    book: ConnectionBook
    stopped: Stop
    draws: Draws | None
    """Those of the client's seed; None draws anew in each run."""
    balancer: Balancer | None
    """Chooses among the replicas; None where the Service does."""
    on_defect: Callable[[BaseException], None]
    """Gets each exception that neither a server nor the network explains."""


class Engine(Protocol):
    """All virtual users of one client."""

    @abstractmethod
    def get_ready(self) -> str | None:
        """Start all users, up to the moment before they send, or until the run is stopped.

        Returns:
            What went wrong; None if nothing did.
        """

    @abstractmethod
    def begin(self) -> None:
        """Let the users send: the clock has started."""

    @abstractmethod
    def done(self) -> bool:
        """Tell whether every user has made its requests."""

    @abstractmethod
    def run(self, tick_seconds: float, tick: Callable[[], bool]) -> None:
        """Wait until all is done, calling `tick` every so often, or until that says False."""
