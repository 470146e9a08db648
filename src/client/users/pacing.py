"""When a virtual user sends: pure arithmetic that reads no clock and never sleeps."""

from long_lived.settings import Client


def first_send_seconds(user: int, users: int, ramp_up_seconds: float) -> float:
    """Return when user number `user` (from 0) first sends, in seconds after the start."""
    return ramp_up_seconds * user / users


def think_seconds(settings: Client, draw: float) -> float:
    """Return the think time of a `draw` from 0 to 1, in seconds."""
    low, high = settings.think_time.min_seconds, settings.think_time.max_seconds
    return low + draw * (high - low)


def sends_again(settings: Client, sent: int, at_seconds: float) -> bool:
    """Tell whether a user that has sent `sent` requests sends another at `at_seconds`."""
    if settings.duration_seconds > 0:
        return at_seconds < settings.duration_seconds
    return sent < settings.requests_per_user


def left_to_send(settings: Client, sent: int) -> int:
    """Return how many of its planned requests a user has yet to send; 0 where none are planned."""
    return 0 if settings.duration_seconds > 0 else settings.requests_per_user - sent


def planned_requests(settings: Client) -> int:
    """Return how many requests are planned at the start; 0 where the duration decides."""
    if settings.duration_seconds > 0:
        return 0
    return settings.concurrency * settings.requests_per_user
