"""When a virtual user sends: pure arithmetic that reads no clock and never sleeps."""

import random

from long_lived.settings import Client


def first_send_seconds(user: int, users: int, ramp_up_seconds: float) -> float:
    """Return when user number `user` (from 0) first sends, in seconds after the start."""
    return ramp_up_seconds * user / users


def think_seconds(settings: Client) -> float:
    """Draw a think time, in seconds."""
    return random.uniform(settings.think_time.min_seconds, settings.think_time.max_seconds)


def sends_again(settings: Client, sent: int, at_seconds: float) -> bool:
    """Tell whether a user that has sent `sent` requests sends another at `at_seconds`."""
    if settings.duration_seconds > 0:
        return at_seconds < settings.duration_seconds
    return sent < settings.requests_per_user


def planned_requests(settings: Client) -> int:
    """Return how many requests are planned at the start; 0 where the duration decides."""
    if settings.duration_seconds > 0:
        return 0
    return settings.concurrency * settings.requests_per_user
