"""Where idle connections wait for the next request: what urllib3 asks of a pool's queue.

Without the three conditions (2 KB) of LifoQueue: nobody ever waits, because the pool does not
block. What happens to lists and deques here is atomic.
"""

import queue
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from long_lived.client.transport.resolver import Address

if TYPE_CHECKING:
    from long_lived.client.transport.counted import CountedConnection


class Stack:
    """The connection of one user; urllib3 puts None in the place of one that is gone.

    The pool closes a connection that does not fit.
    """

    def __init__(self, maxsize: int) -> None:
        """Hold `maxsize` of them."""
        self._maxsize = maxsize
        self._items: list[Any] = []

    def put(self, item: Any, block: bool = True) -> None:  # noqa: ARG002 - urllib3 passes it
        """Add one.

        Raises:
            queue.Full: it does not fit.
        """
        if len(self._items) >= self._maxsize:
            raise queue.Full
        self._items.append(item)

    def get(self, block: bool = True, timeout: float | None = None) -> Any:  # noqa: ARG002
        """Take the latest.

        Raises:
            queue.Empty: there is none.
        """
        try:
            return self._items.pop()
        except IndexError:
            raise queue.Empty from None

    def qsize(self) -> int:
        """Count them."""
        return len(self._items)


class Shared:
    """The idle connections of all users, by the address to which the client chose to connect.

    Where the client does not choose, that is None for all of them.
    """

    newest_first = True
    """Whether the one that was used last is taken (LIFO), or that which has been idle longest."""

    def __init__(self, maxsize: int) -> None:
        """Hold up to `maxsize`."""
        self._maxsize = maxsize
        self._idle: dict[Address | None, deque[CountedConnection]] = {}

    def put(self, item: "CountedConnection | None", block: bool = True) -> None:  # noqa: ARG002
        """Add one; None, for a connection that is yet to be opened, would be taken before others.

        Raises:
            queue.Full: it does not fit.
        """
        if item is None:
            return
        if self.qsize() >= self._maxsize:
            raise queue.Full
        self._idle.setdefault(item.address, deque()).append(item)

    def get(self, block: bool = True, timeout: float | None = None) -> "CountedConnection":  # noqa: ARG002
        """Take one, to whatever address: urllib3 does so, also to close them all.

        Raises:
            queue.Empty: there is none.
        """
        for address in list(self._idle):
            if (found := self.take(address)) is not None:
                return found
        raise queue.Empty

    def take(self, address: Address | None) -> "CountedConnection | None":
        """Take one to `address`; None where there is none."""
        idle = self._idle.get(address)
        try:
            return None if idle is None else idle.pop() if self.newest_first else idle.popleft()
        except IndexError:
            return None

    def take_all(self, wanted: "Callable[[CountedConnection], bool]") -> "list[CountedConnection]":
        """Take those that are `wanted`, and leave the others in their order."""
        taken = []
        for idle in list(self._idle.values()):
            for connection in list(idle):
                if wanted(connection):
                    try:
                        idle.remove(connection)
                    except ValueError:  # a user has taken it meanwhile
                        continue
                    taken.append(connection)
        return taken

    def qsize(self) -> int:
        """Count them."""
        return sum(len(idle) for idle in list(self._idle.values()))


class SharedFifo(Shared):
    """The same; the one that has been idle longest is taken."""

    newest_first = False
