"""What a seed draws: the same for the same request of the same user in every run.

A hash, not a generator: it has no state, which ten thousand users would each have to keep, and the
order in which users happen to ask changes nothing.
"""

import hashlib
from collections.abc import Mapping
from typing import Literal, NamedTuple

VARIABLE = "JOB_COMPLETION_INDEX"
"""Environment variable that tells the clients of one run apart. Source: Kubernetes, "Indexed Job",
which sets it; the lab on one machine does the same."""

MOST_CLIENTS = 100_000


class Draws(NamedTuple):
    """The draws of one client."""

    seed: int
    client: int
    """Which of the run's clients, from 0."""

    def of(self, what: Literal["think", "delay"], user: int, request: int) -> float:
        """Return a number from 0 to 1 for the n-th `request` of `user`, who counts from 0."""
        name = f"{self.seed} {self.client} {user} {request} {what}".encode()
        # The 53 bits that a float holds: with all 64 the largest would be 1.
        return (int.from_bytes(hashlib.blake2b(name, digest_size=8).digest()) >> 11) / (1 << 53)


def client_index(environment: Mapping[str, str]) -> int:
    """Return which of the run's clients this is, from 0; 0 where nobody says.

    Raises:
        ValueError: it is no such number.
    """
    given = environment.get(VARIABLE, "0")
    if not (given.isascii() and given.isdigit()) or int(given[:9]) >= MOST_CLIENTS:
        raise ValueError(f"{VARIABLE} = {given!r}: must be 0 to {MOST_CLIENTS - 1}")
    return int(given)
