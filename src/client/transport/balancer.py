"""Which replica gets the next connection or request, where the client chooses: no I/O, no clock.

What is counted at an address is what is balanced: connections where each user has its own, and
requests in flight where users share them. Rules:

1. An address that could not be connected to is passed over until the next look-up.
2. One whose end has closed a kept connection may be gone: until it answers again, one user at a
   time tries it. A black hole holds up that one, and not all.
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
        self._refused: set[Address] = set()
        self._doubtful: set[Address] = set()
        self._tried: set[Address] = set()  # of the doubtful
        self._next = 0

    def update(self, addresses: Sequence[Address]) -> None:
        """Take note of the addresses that there are now."""
        with self._lock:
            if not self._addresses and addresses:
                # Not the first: all clients would begin there.
                self._next = self._draw.randrange(len(addresses))
            self._addresses = list(addresses)
            self._refused.clear()
            self._doubtful.intersection_update(addresses)

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
                if self._load[place] <= share or not any(
                    self._load[one] < share and one not in self._tried
                    for one in self._usable((place,))
                ):
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
            self._tried.discard(place)

    def refuse(self, place: Address) -> None:
        """Count one less at `place`, to which no connection could be opened."""
        with self._lock:
            self._load[place] -= 1
            self._tried.discard(place)
            self._refused.add(place)

    def doubt(self, address: Address) -> None:
        """Take note that `address` has closed a kept connection."""
        with self._lock:
            self._doubtful.add(address)

    def trust(self, address: Address) -> None:
        """Take note that `address` has answered, or accepted a connection."""
        if address in self._doubtful:  # rarely; so mostly without the lock
            with self._lock:
                self._doubtful.discard(address)
                self._tried.discard(address)

    def _choose(self, tried: Collection[Address]) -> Address | None:
        usable = self._usable(tried)
        if not usable:
            return None
        usable = [one for one in usable if one not in self._tried] or usable
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
        if chosen in self._doubtful:
            self._tried.add(chosen)
        return chosen

    def _usable(self, tried: Collection[Address]) -> list[Address]:
        """List the addresses that may be chosen, the one whose turn it is first."""
        turn = self._next % len(self._addresses) if self._addresses else 0
        in_turn = self._addresses[turn:] + self._addresses[:turn]
        left = [one for one in in_turn if one not in tried]
        return [one for one in left if one not in self._refused] or left

    def _share(self, more: int) -> int:
        """Return the share of each address in what is counted, and `more` of it."""
        places = sum(one not in self._refused for one in self._addresses) or len(self._addresses)
        return math.ceil((self._load.total() + more) / places)
