"""A virtual user of the event loop: what is to be remembered of one, and nothing that runs."""

from typing import TYPE_CHECKING

from long_lived.client.ledger import Send

if TYPE_CHECKING:
    from long_lived.client.engines.loop.link import Link


class User:
    """One closed loop: at most one request in flight."""

    __slots__ = ("link", "number", "send", "sent", "sent_at")

    def __init__(self, number: int) -> None:
        """Make user `number` (from 0), who has sent nothing."""
        self.number = number
        self.sent = 0
        """How many requests."""
        self.send: Send | None = None
        """The one in flight."""
        self.sent_at = 0.0
        """When that was sent, by the monotonic clock."""
        self.link: Link | None = None
        """The user's own connection, where connections are not shared."""
