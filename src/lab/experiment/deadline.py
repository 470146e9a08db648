"""When the lab gives up waiting for clients to end."""

from long_lived.client.users.request import read_timeout_seconds
from long_lived.settings import Settings

START_MARGIN_SECONDS = 300.0
"""Longest start of all users of a client: 67 s were measured for 10,000 threads on CPython 3.11,
on two busy cores."""


def longest_run_seconds(settings: Settings) -> float:
    """Return the longest time that a client can take from its start to its summary."""
    client = settings.client
    request = client.timeouts.connect_seconds + read_timeout_seconds(settings)
    if client.duration_seconds > 0:
        load = client.duration_seconds + request
    else:
        load = client.requests_per_user * (request + client.think_time.max_seconds)
    return START_MARGIN_SECONDS + client.readiness.timeout_seconds + client.ramp_up_seconds + load
