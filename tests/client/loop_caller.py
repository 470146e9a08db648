"""One virtual user's way to a server on an event loop, in the test's own process."""

import pytest
import uvloop

from long_lived.client.clock import Clock
from long_lived.client.engines.engine import Run
from long_lived.client.engines.loop.exchanges import Exchanges, Failed
from long_lived.client.engines.loop.user import User
from long_lived.client.ledger import Answer, Ledger
from long_lived.client.output import Output
from long_lived.client.stop import Stop
from long_lived.client.target.asked import asked
from long_lived.client.target.expected import Expected
from long_lived.client.transport.connections import Connection, ConnectionBook
from long_lived.record.error_kind import ErrorKind
from long_lived.settings import load

LOOK_SECONDS = 0.01


class LoopCaller:
    """The same as `Caller`, by the engine asyncio."""

    def __init__(
        self, url: str, settings: tuple[str, ...] = (), source_addresses: tuple[str, ...] = ()
    ) -> None:
        loaded = load([], [f"client.url={url}", *settings], {})
        clock = Clock()
        self.ended: list[Connection] = []
        self.defects: list[BaseException] = []
        self.book = ConnectionBook(clock, self.ended.append)
        self._loop = uvloop.new_event_loop()
        self._exchanges = Exchanges(
            self._loop,
            Run(
                settings=loaded,
                asked=asked(loaded.client, url, "0123456789abcdef"),
                expected=Expected(loaded.client.target),
                tls=None,
                server_name="",
                source_addresses=source_addresses,
                clock=clock,
                ledger=Ledger(clock, Output(), 0),
                book=self.book,
                stopped=Stop(),
                draws=None,
                balancer=None,
                on_defect=self.defects.append,
            ),
            self._landed,
        )
        self._user = User(0)
        self._outcome: Answer | Failed | None = None

    def ask(self) -> Answer:
        """Send a request and return its answer."""
        outcome = self._exchange()
        assert isinstance(outcome, Answer), outcome
        return outcome

    def fail(self) -> ErrorKind:
        """Send a request that must fail; return its ErrorKind."""
        outcome = self._exchange()
        assert isinstance(outcome, Failed), outcome
        return outcome.kind

    def close(self) -> None:
        """Close the user's connection."""
        if self._user.link is not None and self._user.link.sock is not None:
            self._user.link.sock.close()
        self._loop.close()
        assert self.defects == []

    def _exchange(self) -> Answer | Failed:
        self._outcome = None
        self._exchanges.begin(self._user, None)
        if self._outcome is None:
            self._look()
            self._loop.run_forever()
        if self._outcome is None:
            pytest.fail("nothing landed")
        return self._outcome

    def _look(self) -> None:
        if self._outcome is None:
            self._exchanges.expire()
            self._loop.call_later(LOOK_SECONDS, self._look)

    def _landed(self, user: User, outcome: Answer | Failed) -> None:
        assert user is self._user
        self._outcome = outcome
        if self._loop.is_running():
            self._loop.stop()
