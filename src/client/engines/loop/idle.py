"""Where idle connections wait for the next request: each with its user, or in a pool for all."""

from collections import deque
from collections.abc import Callable
from typing import Protocol

from long_lived.client.engines.loop.link import Link
from long_lived.client.engines.loop.user import User
from long_lived.client.transport.resolver import Address


class Idle(Protocol):
    """The idle connections of all users; some may have been closed meanwhile."""

    def take(self, user: User, address: Address | None) -> Link | None:
        """Take one for a request of `user` to `address`; None where there is none."""

    def put(self, user: User, link: Link) -> bool:
        """Keep one that `user` has used; tell whether there is room for it."""

    def remove(self, wanted: Callable[[Link], bool]) -> list[Link]:
        """Take those of a pool for all that are `wanted`, and forget those that are closed."""


class PerUser(Idle):
    """Each user keeps the own one."""

    def take(self, user: User, address: Address | None) -> Link | None:  # noqa: ARG002 - its own
        """Take the user's own."""
        link, user.link = user.link, None
        return link if link is not None and link.open else None

    def put(self, user: User, link: Link) -> bool:
        """Keep it for the user."""
        user.link = link
        return True

    def remove(self, wanted: Callable[[Link], bool]) -> list[Link]:  # noqa: ARG002
        """Take none: each is looked at when its user takes it."""
        return []


class Shared(Idle):
    """One pool for all, by the address to which the client chose to connect, which may be None."""

    def __init__(self, most: int, *, newest_first: bool) -> None:
        """Hold up to `most`; give that which was used last, or has been idle longest."""
        self._most = most
        self._newest_first = newest_first
        self._idle: dict[Address | None, deque[Link]] = {}
        self._count = 0

    def take(self, user: User, address: Address | None) -> Link | None:  # noqa: ARG002 - for all
        """Take one to `address`."""
        idle = self._idle.get(address)
        while idle:
            link = idle.pop() if self._newest_first else idle.popleft()
            self._count -= 1
            if link.open:
                return link
        return None

    def put(self, user: User, link: Link) -> bool:  # noqa: ARG002 - for all
        """Keep it for anybody."""
        if self._count >= self._most:
            return False
        self._idle.setdefault(link.address, deque()).append(link)
        self._count += 1
        return True

    def remove(self, wanted: Callable[[Link], bool]) -> list[Link]:
        """Take those that are wanted."""
        taken: list[Link] = []
        for address, idle in self._idle.items():
            kept = deque[Link]()
            for link in idle:
                if link.open:
                    (taken if wanted(link) else kept).append(link)
            self._idle[address] = kept
        self._count = sum(map(len, self._idle.values()))
        return taken
