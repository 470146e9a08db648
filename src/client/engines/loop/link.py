"""One TCP connection of the event loop, and who has it."""

import socket
import time
from collections.abc import Iterator

from long_lived.client.engines.loop.incoming import Incoming
from long_lived.client.engines.loop.user import User
from long_lived.client.transport.connections import Connection
from long_lived.client.transport.resolver import Address
from long_lived.record.error_kind import ErrorKind
from long_lived.settings.sections.connection_limits import ENDLESS

NONE_LEFT: Iterator[Address] = iter(())


class Link:
    """A connection: about to be opened, carrying the request of a user, or idle.

    It has no task and no buffer, so that one which waits for its answer costs next to nothing.
    """

    __slots__ = (
        *("address", "answers", "candidates", "failure", "incoming", "lifetime", "opened_at"),
        *("place", "sock", "tcp", "unasked", "unsent", "user"),
    )

    def __init__(self, user: User | None, place: Address | None = None) -> None:
        """Begin for `user`, counted by a balancer at `place`."""
        self.user = user
        """Whose request it carries; None while it is idle."""
        self.sock: socket.socket | None = None
        self.tcp: Connection | None = None
        """What the book has of it, once it is open."""
        self.candidates: Iterator[Address] = NONE_LEFT
        """Addresses that are left to try."""
        self.failure: tuple[ErrorKind, str] | None = None
        """Why the last of those tried could not be connected to."""
        self.unsent = b""
        """What of the request has not been sent."""
        self.incoming: Incoming | None = None
        """The answer, from its first byte on."""
        self.answers = 0
        self.lifetime = ENDLESS
        self.opened_at = 0.0
        """When that was, by the monotonic clock; for those that have a limit."""
        self.unasked = False
        """Whether it holds bytes that belong to no request."""
        self.address: Address | None = None
        """Which of the balancer's addresses it leads to."""
        self.place = place
        """Where the balancer counts it, or the request on it."""

    @property
    def socket(self) -> socket.socket:
        """The socket of one that is open."""
        if self.sock is None:
            raise AssertionError("unreachable: it is open")
        return self.sock

    @property
    def descriptor(self) -> int:
        """The descriptor of one that is open."""
        return self.socket.fileno()

    @property
    def open(self) -> bool:
        """Whether it has a socket that is not closed."""
        return self.sock is not None

    def aged(self) -> bool:
        """Tell whether it is at the end of its own limits."""
        if self.lifetime is ENDLESS:
            return False
        if self.answers >= self.lifetime.requests:
            return True
        return self.lifetime.age_seconds <= time.monotonic() - self.opened_at

    def silent(self) -> bool:
        """Tell whether it can carry the next request: open, with nothing to read.

        The loop tells of both, but maybe only after the request that is about to be sent.
        """
        if self.sock is None or self.unasked:
            return False
        try:
            self.unasked = self.sock.recv(1, socket.MSG_PEEK) != b""
        except BlockingIOError:
            return True
        except OSError:
            pass
        return False
