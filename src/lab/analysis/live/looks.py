"""Two looks at a service, some seconds apart: what was kept, opened and closed between them."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from long_lived.lab.analysis.live.sockets import Peer


@dataclass(frozen=True)
class Holder:
    """What serves: a pod, or a process on this machine."""

    name: str
    started_unix_seconds: float
    """When it began to serve, as far as is known."""
    restarts: int = 0
    node_addresses: frozenset[str] = frozenset()
    """From where its own node reaches it: the kubelet's probes come from there."""


@dataclass(frozen=True)
class Seen:
    """One holder at one look."""

    holder: Holder
    peers: Collection[Peer] = ()
    """The other ends of its connections."""
    obstacle: str = ""
    """Why it could not be asked; empty where it was."""


class LiveService(Protocol):
    """A service that can be looked at."""

    def look(self) -> list[Seen]:
        """Look at all holders that serve now.

        Raises:
            Trouble: there is nothing to look at.
        """

    def owners(self, addresses: Collection[Peer]) -> Mapping[str, str]:
        """Name whom an address, or an address and port as `text_of` writes them, belongs to."""

    @property
    def notes(self) -> list[str]:
        """What keeps the picture from being whole."""


@dataclass(frozen=True)
class Held:
    """The connections of one holder at the second look, against the first."""

    holder: Holder
    peers: frozenset[Peer]
    """Those open at the second look."""
    kept: int
    """Those of them that were open at the first look, too."""
    closed: int
    """Those of the first look that were gone at the second."""
    obstacle: str = ""
    """Why it could not be asked; empty where it was."""

    @property
    def opened(self) -> int:
        """Those that were opened since the first look, and are still open."""
        return len(self.peers) - self.kept


def compared(before: Iterable[Seen], after: Iterable[Seen]) -> list[Held]:
    """Compare two looks, holder by holder; one that is gone at the second is left out.

    What comes from a holder's own node and did not last is left out, too: so the kubelet probes.
    """
    earlier = {one.holder.name: one for one in before}
    held = []
    for one in after:
        known = earlier.get(one.holder.name)
        again = known is not None and known.holder == one.holder and not known.obstacle
        first = set(known.peers) if known is not None and again else set()
        second = set(one.peers)
        probes = {peer for peer in first ^ second if peer[0] in one.holder.node_addresses}
        held.append(
            Held(
                one.holder,
                frozenset(second - probes),
                kept=len(first & second),
                closed=len(first - second - probes),
                obstacle=one.obstacle,
            )
        )
    return held


def text_of(peer: Peer) -> str:
    """Write the other end of a connection: ADDRESS:PORT."""
    return f"{peer[0]}:{peer[1]}"


def by_client(held: Collection[Held], owners: Mapping[str, str]) -> Counter[str]:
    """Count the connections of each client; an address without an owner stands for itself."""
    return Counter(
        owners.get(text_of(peer)) or owners.get(peer[0]) or peer[0]
        for one in held
        for peer in one.peers
    )
