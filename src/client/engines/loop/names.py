"""The addresses of the url's host, for users who must not wait in the loop's thread."""

import asyncio
import socket
import time
from collections.abc import Callable

from long_lived.client.transport.resolver import KEPT_SECONDS, Address, lookup

Found = list[Address] | OSError


class Names:
    """Looks one name up, in a thread, once for all who ask meanwhile; keeps it for a while."""

    def __init__(self, loop: asyncio.AbstractEventLoop, host: str, port: int) -> None:
        """Prepare to look `host` up; an address needs no look-up."""
        self._loop, self._host, self._port = loop, host, port
        self._waiting: list[Callable[[Found], None]] = []
        self._known: list[Address] = []
        self._known_until = 0.0
        try:
            numeric = socket.AI_NUMERICHOST
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=numeric)
        except (socket.gaierror, ValueError):
            return
        self._known = [(family, address) for family, _, _, _, address in found]
        self._known_until = float("inf")

    def then(self, call: Callable[[Found], None]) -> None:
        """Call with the addresses, at once where they are known; or with why there are none."""
        if self._known_until > time.monotonic():
            call(self._known)
            return
        self._waiting.append(call)
        if len(self._waiting) == 1:
            asked = self._loop.run_in_executor(None, self._ask)
            asked.add_done_callback(lambda done: self._tell(done.result()))

    def _ask(self) -> Found:
        try:
            return lookup(self._host, self._port)
        except OSError as error:
            return error

    def _tell(self, found: Found) -> None:
        if isinstance(found, list):
            self._known, self._known_until = found, time.monotonic() + KEPT_SECONDS
        waiting, self._waiting = self._waiting, []
        for call in waiting:
            call(found)
