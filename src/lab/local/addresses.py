"""The addresses that a client connects from: several, where one has too few ports for its users."""

import math

USERS_PER_ADDRESS = 8000
"""An address has 28,232 ports by default, and connect() is quick until half of them lead to one
destination: then it tries one port after the other (measured). Source: Linux
net/ipv4/inet_hashtables.c, __inet_hash_connect."""


def addresses_needed(users: int) -> int:
    """Return how many addresses a client of so many users connects from."""
    return math.ceil(users / USERS_PER_ADDRESS)


def client_addresses(index: int, users: int) -> list[str]:
    """List the addresses of client `index` (from 0, to 199), which nobody else has."""
    return [f"127.{more}.0.{2 + index}" for more in range(addresses_needed(users))]
