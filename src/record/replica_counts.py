"""What a replica says of itself: the answer to GET /stats, of the Python and the Go server."""

from long_lived.record.base import Record


class ReplicaCounts(Record):
    """What one start of a replica has counted so far."""

    pod: str
    runtime: str
    instance: str | None = None
    """Which start this is; None where an older server does not say."""
    uptime_seconds: float | None = None
    cpu_seconds: float | None = None
    """CPU seconds, user and system, that the serving process has used since this start; None where
    an older server does not say."""
    balanced_at_random: bool | None = None
    """Whether the kernel chooses at random among the replicas that share the port; None where it is
    not shared."""
    answered: int
    """Answers to `GET /`."""
    answered_to: dict[str, int] | None = None
    """The same by client id, empty where the client gave none; None where an older server does not
    count them apart."""
    in_flight: int
    connections: int
    """Connections that carried a `GET /`."""
