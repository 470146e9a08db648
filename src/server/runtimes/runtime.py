"""What a runtime is: what it needs, how it serves, and which connections it closes.

A module here says all that about one runtime without importing what that needs, since an image
may lack the packages of the others, and the lab asks too. A runtime is handed listening sockets
and never opens its own: binding, SO_REUSEPORT and the backlog are the same for all.
"""

import socket
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from long_lived.resources.limits import ThreadLimit
from long_lived.server.capacity import Capacity
from long_lived.server.replica import Replica
from long_lived.settings import Server, Settings


@dataclass(frozen=True)
class Assignment:
    """What a runtime needs to serve."""

    settings: Settings
    pod: str
    listeners: list[socket.socket]
    capacity: Capacity
    balanced_at_random: bool | None = None
    """Whether the kernel chooses at random among the replicas on this port; None: it has one."""
    metrics: socket.socket | None = None
    """Listens for scrapes; None where no metrics are asked for."""

    def replica(self) -> Replica:
        """Begin an instance of the replica; call it in the process that serves."""
        server = self.settings.server
        replica = Replica(self.pod, server.runtime, self.balanced_at_random, server.keep_alive)
        if self.metrics is not None:
            # Not earlier: without metrics nobody needs what it imports.
            from long_lived.server.watch import export_counts

            export_counts(replica, server, self.metrics)
        return replica


@dataclass(frozen=True)
class KeepAlive:
    """What happens to a connection after an answer, unless the replica is stopping."""

    kept: bool
    """Whether it carries another request. If not, every answer says `Connection: close`."""

    limits: frozenset[str] = frozenset()
    """Which fields of `server.keep_alive` end a kept connection; the others have no effect."""


EVERY_LIMIT = frozenset({"idle_timeout_seconds", "max_requests", "max_age_seconds", "jitter_ratio"})
"""For a runtime that obeys all fields of `server.keep_alive`."""


class Unavailable(RuntimeError):
    """A runtime that cannot be used on this machine; its text is one line for the user."""


class Runtime(Protocol):
    """One way to serve, by the name that it has in the settings."""

    name: str

    def worker_class(self, server: Server) -> str:  # noqa: ARG002 - for those that have several
        """Name the worker class that would serve; empty where the runtime has only one."""
        return ""

    @abstractmethod
    def keep_alive(self, server: Server) -> KeepAlive:
        """Say which connections it would keep, and what would end them."""

    @abstractmethod
    def capacity(self, server: Server, files: int, limit: ThreadLimit | None) -> Capacity:
        """Plan what it can hold with `files` open files and `limit` on threads (None: no limit)."""

    def provide(self, tell: Callable[[str], None]) -> None:  # noqa: ARG002 - for those that need it
        """Fetch and build what is missing, with a line for `tell` before each step that takes long.

        May use the network, which starting a replica never does: call it before the first one.

        Raises:
            Unavailable: something can be neither found nor made.
        """
        return

    @abstractmethod
    def prepare(self, settings: Settings) -> Callable[[Assignment], None]:
        """Load what serving needs; return what serves until a signal and never returns.

        Raises:
            ModuleNotFoundError: a package is missing.
            Unavailable: anything else is.
        """
