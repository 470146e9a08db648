"""Why a connection closed: a closed list of words."""

from enum import StrEnum


class Closing(StrEnum):
    """The one reason that a closed connection is counted under."""

    RETIRED = "retired"
    """At its limit, or given up for another address: closed although it could have been kept."""
    ANSWERED = "answered"
    """It was to carry one answer more: an answer or a request said so, or none are kept."""
    IDLE = "idle"
    """Silent for as long as the server's idle timeout; known to the server alone."""
    FAILED = "failed"
    """A request on it failed; known to the client alone."""
    PEER = "peer"
    """The other side closed it, or it broke, while it carried nothing."""
