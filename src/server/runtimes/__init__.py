"""How a replica serves: one module per runtime.

Each has `prepare(settings)`, which fails early where the runtime cannot be used, and
returns the function that serves an `Assignment` and does not come back.

A runtime is handed listening sockets and never opens its own, so that binding,
SO_REUSEPORT and the backlog are the same in all of them. It is imported only
when it is used: an image may lack the packages of the others.
"""

import socket
from dataclasses import dataclass

from long_lived.server.capacity import Capacity
from long_lived.settings import Settings


@dataclass(frozen=True)
class Assignment:
    """What a runtime needs to serve."""

    settings: Settings
    pod: str
    listeners: list[socket.socket]
    capacity: Capacity
    balanced_at_random: bool | None = None
    """Whether the kernel chooses at random among the replicas on this port; None: it has one."""


class Unavailable(RuntimeError):
    """A runtime that cannot be used on this machine; its text is one line for the user."""
