"""The addresses of the replicas, looked up again and again while a run lasts.

A thread of its own asks, so that a name server which is slow holds up no user: until it answers,
the addresses of the last answer stay.
"""

import ipaddress
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

from long_lived.client.transport.balancer import Balancer
from long_lived.client.transport.resolver import Address, lookup
from long_lived.settings import Settings

MOST_PORT = 65_535

Find = Callable[[], list[Address]]


class Endpoints:
    """Keeps a balancer up to date."""

    def __init__(
        self, name: str, find: Find, balancer: Balancer, report: Callable[[str], None]
    ) -> None:
        """Look addresses up by `find`; `name` says where that is, in a report."""
        self.name = name
        self._find = find
        self._balancer = balancer
        self._report = report
        self._told = False

    def look(self) -> list[Address]:
        """Look once: hand the balancer what there is, and return it.

        Raises:
            OSError: there is no address, or nobody says.
        """
        found = self._find()
        self._balancer.update(found)
        return found

    def follow(self, seconds: float) -> None:
        """Look again every so many seconds, until the process ends."""
        threading.Thread(target=self._follow, args=(seconds,), name="look-up", daemon=True).start()

    def _follow(self, seconds: float) -> None:
        while True:
            time.sleep(seconds)
            try:
                self.look()
            except OSError as error:
                if not self._told:
                    self._report(
                        f"Warning: {self.name}: {error.strerror or error}: the addresses known "
                        "so far stay (said once)"
                    )
                self._told = True


def source(settings: Settings, file: Path | None) -> tuple[str, Find]:
    """Return where addresses come from, by its name and how they are found there."""
    if file is not None:
        return str(file), listed(file)
    host = settings.client.readiness.host
    return host, named(host, settings.server.port)


def named(host: str, port: int) -> Find:
    """Return how the addresses of a name are found: one for each replica.

    Where the name has both address families, each replica has one of both: the family that the
    system prefers counts.
    """

    def find() -> list[Address]:
        found = lookup(host, port)
        return [address for address in found if address[0] == found[0][0]]

    return find


def listed(file: Path) -> Find:
    """Return how addresses are found that stand in a file, in lines of `ADDRESS PORT`."""

    def find() -> list[Address]:
        lines = file.read_text(encoding="ascii", errors="replace").splitlines()
        found = [_address(line) for line in lines]
        if not found:
            raise OSError("it holds no address")
        return found

    return find


def _address(line: str) -> Address:
    try:
        text, port = line.split(" ")
        address, number = ipaddress.ip_address(text), int(port)
        if not 1 <= number <= MOST_PORT:
            raise ValueError
    except ValueError:
        raise OSError(f"{line!r} is not `ADDRESS PORT`") from None
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    return family, (text, number)
