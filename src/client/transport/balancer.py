"""Which replica gets the next connection or request, where the client chooses: no I/O, no clock.

What is counted at an address is what is balanced: connections where each user has its own, and
requests in flight where users share them. Rules:

1. An address that could not be connected to is passed over until the next look-up.
2. One to which no connection is open yet is tried by one user at a time: if it is a black hole, it
   holds up one.
3. A new connection of a user goes to an address with less than its share, whatever the policy; so
   nobody who has moved has to move again.
4. A user leaves an address with more than its share, one after the other until it has no more.

Each rule holds only as far as it leaves anything to choose from.
"""

import math
import random
import threading
from collections import Counter
from collections.abc import Collection, Sequence

from long_lived.client.transport.resolver import Address
from long_lived.settings.sections.client import BalancingPolicy


class Balancer:
    """Chooses among the addresses of the replicas. Thread-safe."""

    def __init__(
        self, policy: BalancingPolicy, *, by_request: bool, draw: random.Random | None = None
    ) -> None:
        """Start without any address; count requests in flight, or else connections."""
        self._policy = policy
        self.by_request = by_request
        self._draw = draw or random.Random()
        self._lock = threading.Lock()
        self._addresses: list[Address] = []
        self._load: Counter[Address] = Counter()
        self._open: Counter[Address] = Counter()
        self._refused: set[Address] = set()
        self._next = 0

    def update(self, addresses: Sequence[Address]) -> None:
        """Take note of the addresses that there are now."""
        with self._lock:
            if not self._addresses and addresses:
                # Not the first: all clients would begin there.
                self._next = self._draw.randrange(len(addresses))
            self._addresses = list(addresses)
            self._refused.clear()

    def lists(self, address: Address) -> bool:
        """Tell whether there is still such an address."""
        return address in self._addresses

    def loads(self) -> dict[Address, int]:
        """Return what is counted at each address."""
        with self._lock:
            return {address: self._load[address] for address in self._addresses}

    def choose(self, tried: Collection[Address] = ()) -> Address | None:
        """Choose an address that is not among those `tried`, and count one more there.

        Returns None where there is none.
        """
        with self._lock:
            return self._choose(tried)

    def move(self, place: Address) -> Address | None:
        """Choose where what is counted at `place` is better off, and count it there instead.

        Returns None where it is to stay: it has no more than its share.
        """
        with self._lock:
            if place in self._addresses:
                if self.by_request:
                    return None
                share = self._share(0)
                others = [one for one in self._usable((place,)) if self._load[one] < share]
                if self._load[place] <= share or not others:
                    return None
            self._load[place] -= 1
            chosen = self._choose((place,))
            if chosen is None:
                self._load[place] += 1
            return chosen

    def leave(self, place: Address) -> None:
        """Count one less at `place`."""
        with self._lock:
            self._load[place] -= 1

    def refuse(self, place: Address) -> None:
        """Count one less at `place`, to which no connection could be opened."""
        with self._lock:
            self._load[place] -= 1
            self._refused.add(place)

    def opened(self, address: Address) -> None:
        """Take note that a connection to `address` is open."""
        with self._lock:
            self._open[address] += 1

    def closed(self, address: Address) -> None:
        """Take note that one is closed."""
        with self._lock:
            self._open[address] -= 1

    def _choose(self, tried: Collection[Address]) -> Address | None:
        usable = self._usable(tried)
        if not usable:
            return None
        if not self.by_request:
            share = self._share(1)
            usable = [one for one in usable if self._load[one] < share] or usable
        if self._policy == "round-robin":
            chosen = usable[0]
        elif self._policy == "least-in-flight":
            chosen = min(usable, key=self._load.__getitem__)
        else:
            drawn = self._draw.sample(usable, min(2, len(usable)))
            chosen = min(drawn, key=self._load.__getitem__)
        self._next = self._addresses.index(chosen) + 1
        self._load[chosen] += 1
        return chosen

    def _usable(self, tried: Collection[Address]) -> list[Address]:
        """List the addresses that may be chosen, the one whose turn it is first."""
        turn = self._next % len(self._addresses) if self._addresses else 0
        in_turn = self._addresses[turn:] + self._addresses[:turn]
        left = [one for one in in_turn if one not in tried]
        answering = [one for one in left if one not in self._refused] or left
        return [one for one in answering if self._open[one] or not self._load[one]] or answering

    def _share(self, more: int) -> int:
        """Return the share of each address in what is counted, and `more` of it."""
        places = sum(one not in self._refused for one in self._addresses) or len(self._addresses)
        return math.ceil((self._load.total() + more) / places)
